"""The network of a run: as its recipe describes it, and as training left it."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from udviz.method.backbones import build_backbone
from udviz.method.network import TwoHeadedNetwork
from udviz.recipe.dependencies import has_calibration
from udviz.recipe.networks import NetworkConfig
from udviz.recipe.schema import Recipe
from udviz.recipe.section import expand
from udviz.roots import check_weights
from udviz.studies.models import Run
from udviz.training.checkpoint import load_checkpoint
from udviz.vocabulary import TEACHER


def build_network(recipe: Recipe, run: Run, n_labels: int) -> TwoHeadedNetwork:
    """A network as it is before training; students of one seed start from the same weights."""
    torch.manual_seed(run.seed)
    config, calibration = recipe.network_of(run.model), has_calibration(recipe, run.model)
    return _build(config, n_labels, calibration=calibration, flag=_weights_flag(recipe, run))


def trained_network(recipe: Recipe, run: Run, study: Path, n_labels: int) -> TwoHeadedNetwork:
    """The best network of a finished run, in evaluation mode.

    Raises:
        ValueError: If its best checkpoint is missing, damaged, or of another network.
    """
    directory = run.directory(study).checkpoints / "best"
    weights = load_checkpoint(directory).weights
    calibration = has_calibration(recipe, run.model)
    if run.model == TEACHER and recipe.teacher.from_:  # trained with the losses of its own study
        calibration = is_calibrated(weights)
    network = _blank(recipe.network_of(run.model), n_labels, calibration=calibration)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:  # torch's word for names or shapes that differ
        raise ValueError(
            f"`{directory}` must hold the weights of the network that the recipe describes for "
            f"{run.name}, got others. Train it again, or put back the recipe it was trained with."
        ) from error
    return network


def is_calibrated(weights: Mapping[str, Tensor]) -> bool:
    """Whether weights are those of a network with a calibration branch."""
    return any(name.startswith("calibration.") for name in weights)


def fits(config: NetworkConfig, weights: Mapping[str, Tensor], n_labels: int) -> bool:
    """Whether weights are those of a network with these settings."""
    network = _blank(config, n_labels, calibration=is_calibrated(weights))
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    return shapes == {name: value.shape for name, value in weights.items()}


def random_network(recipe: Recipe, run: Run, n_labels: int) -> TwoHeadedNetwork:
    """The network of a run with the random weights of its seed, in evaluation mode.

    Nothing pretrained is in it, and the random numbers of this process go on as they were.
    """
    calibration = has_calibration(recipe, run.model)
    return _blank(recipe.network_of(run.model), n_labels, calibration=calibration, seed=run.seed)


def _blank(
    config: NetworkConfig, n_labels: int, *, calibration: bool, seed: int = 0
) -> TwoHeadedNetwork:
    """A network without pretrained weights, which a trained one does not need."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        plain = config.model_copy(update={"weights": "none"})
        return _build(plain, n_labels, calibration=calibration, flag="").eval()


def _build(
    config: NetworkConfig, n_labels: int, *, calibration: bool, flag: str
) -> TwoHeadedNetwork:
    check_weights(config.weights, flag=flag)
    backbone = build_backbone(config.backbone, weights=expand(config.weights, flag=flag))
    return TwoHeadedNetwork(
        backbone,
        n_labels,
        pool=config.pool,
        feature_norm=config.feature_norm,
        calibration=calibration,
    )


def _weights_flag(recipe: Recipe, run: Run) -> str:
    """The flag that says where a run's pretrained weights come from."""
    student = recipe.students.get(run.model)
    if student is not None and "weights" in student.overrides:
        return f"--students.{run.model}.weights"
    return "--teacher.weights" if run.model == TEACHER else "--student.weights"
