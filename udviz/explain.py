"""Where the evidence for a label lies in an image: attributions of a trained network.

The one door from the app to torch; it is imported when a person asks for it. Everything runs on the
CPU, beside whatever trains on a GPU.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion
from torch import Tensor

from udviz.checks import check_choice
from udviz.method.attention import KINDS, uncertainty_map
from udviz.method.network import TwoHeadedNetwork, frozen_forward
from udviz.recipe.files import read_recipe
from udviz.recipe.schema import Recipe
from udviz.studies.directory import STUDY_FILE
from udviz.studies.models import Run, models_of, run_of
from udviz.training.networks import random_network, trained_network
from udviz.training.transforms import normalise

CONTROL_SEED = 987_654_321  # of every control, whatever the seed of its run
N_STEPS = 50  # of integrated gradients
STEPS_AT_ONCE = 10
WINDOWS_PER_SIDE = 6  # of occlusion; each window overlaps half of the next


@dataclass(frozen=True, eq=False, kw_only=True)
class Attribution:
    """Evidence for one label in one image, and the same of a network that learnt nothing.

    Attributes:
        trained: (h, w) evidence; positive speaks for the label. See `METHODS`.
        control: (h, w) the same by the same architecture with random weights.
        logit: Of the label in this image, by the trained network.
        seconds: What both took, with loading.
    """

    trained: np.ndarray
    control: np.ndarray
    logit: float
    seconds: float


def explain(
    study: Path, model: str, image: np.ndarray, *, label: int, n_labels: int, method: str
) -> Attribution:
    """Attribute the logit of one label to places of an image, by the first run of a model.

    Args:
        study: Directory of the study.
        model: ``teacher`` or the name of a student.
        image: (side, side, 3) uint8, as the network saw it.
        label: Column of the label, in [0, ``n_labels``).
        n_labels: Labels the network was trained on.
        method: One of `METHODS`.

    Raises:
        ValueError: If a name is unknown, or the recipe or the best checkpoint is damaged.
        OSError: If a file cannot be read.
    """
    check_choice(method, METHODS, name="method")
    start = time.monotonic()
    recipe = read_recipe(study / STUDY_FILE)
    run = first_run(recipe, model)
    trained = trained_network(recipe, run, study, n_labels)
    control = random_network(recipe, Run(run.model, CONTROL_SEED), n_labels)
    images = _as_input(image)
    with torch.no_grad():
        logit = float(trained(images).logits[0, label])
    trained_map, control_map = (METHODS[method](net, images, label) for net in (trained, control))
    return Attribution(
        trained=trained_map.detach().double().numpy(),
        control=control_map.detach().double().numpy(),
        logit=logit,
        seconds=time.monotonic() - start,
    )


def uncertainty_maps(
    study: Path, model: str, image: np.ndarray, *, n_labels: int
) -> dict[str, np.ndarray]:
    """Uncertainty attention of one image with every kind of channel weights.

    Args:
        study: Directory of the study.
        model: A model with a calibration branch.
        image: (side, side, 3) uint8, as the network saw it.
        n_labels: Labels the network was trained on.

    Returns:
        Kind, see `udviz.method.attention.channel_weights` -> (h, w) map.

    Raises:
        ValueError: If the model has no calibration branch, or the recipe or the best checkpoint is
            damaged.
        OSError: If a file cannot be read.
    """
    recipe = read_recipe(study / STUDY_FILE)
    network = trained_network(recipe, first_run(recipe, model), study, n_labels)
    output = frozen_forward(network, _as_input(image))
    return {kind: uncertainty_map(output, kind=kind)[0].double().numpy() for kind in KINDS}


def first_run(recipe: Recipe, model: str) -> Run:
    """The run of a model that the app shows: that of the first seed."""
    check_choice(model, recipe.models, name="model")
    seeds = next(known.seeds for known in models_of(recipe) if known.name == model)
    return run_of(recipe, model, seeds[0])


def class_map(network: TwoHeadedNetwork, images: Tensor, label: int) -> Tensor:
    """(h, w) class map; its mean is the logit under average pooling, not under max pooling."""
    with torch.no_grad():
        maps: Tensor = network.class_maps(network.features(images))
    return maps[0, label]


def grad_cam(network: TwoHeadedNetwork, images: Tensor, label: int) -> Tensor:
    """(h, w) Grad-CAM at the features that the heads read.

    For these networks it is the positive part of the class map over h w, under either pooling.
    """
    layer = LayerGradCam(_logits_of(network), network.feature_norm)
    maps: Tensor = layer.attribute(images, target=label, relu_attributions=True)
    return maps[0, 0]


def integrated_gradients(network: TwoHeadedNetwork, images: Tensor, label: int) -> Tensor:
    """(side, side) integrated gradients from the mean colour, summed over colours.

    Their sum over the image is its logit minus that of an image of the mean colour.
    """
    maps: Tensor = IntegratedGradients(_logits_of(network)).attribute(
        images,
        baselines=torch.zeros_like(images),
        target=label,
        n_steps=N_STEPS,
        internal_batch_size=STEPS_AT_ONCE,
    )
    return maps[0].sum(0)


def occlusion(network: TwoHeadedNetwork, images: Tensor, label: int) -> Tensor:
    """(side, side) fall of the logit when a square around a place has the mean colour."""
    window = -(-images.shape[-1] // WINDOWS_PER_SIDE)  # rounded up
    stride = max(1, window // 2)
    with torch.no_grad():
        maps: Tensor = Occlusion(_logits_of(network)).attribute(
            images,
            sliding_window_shapes=(3, window, window),
            strides=(3, stride, stride),
            baselines=0.0,
            target=label,
            perturbations_per_eval=16,
        )
    return maps[0].mean(0)


METHODS = {
    "class map": class_map,
    "Grad-CAM": grad_cam,
    "integrated gradients": integrated_gradients,
    "occlusion": occlusion,
}


def _logits_of(network: TwoHeadedNetwork) -> Callable[[Tensor], Tensor]:
    def logits(images: Tensor) -> Tensor:
        output: Tensor = network(images).logits
        return output

    return logits


def _as_input(image: np.ndarray) -> Tensor:
    """(side, side, 3) uint8 to (1, 3, side, side), normalised."""
    return normalise(torch.from_numpy(image)[None])
