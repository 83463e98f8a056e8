"""Attributions of a trained study, against closed forms where there are some."""

import shutil

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients

from udviz import explain
from udviz.data.images.decoded import decoded_folder, stored_image
from udviz.method.attention import KINDS
from udviz.method.backbones import build_backbone
from udviz.method.network import TwoHeadedNetwork
from udviz.predictions.cache import open_predictions
from udviz.recipe.files import read_recipe
from udviz.studies.directory import decoded_root
from udviz.studies.models import Run, run_of
from udviz.training.networks import random_network, trained_network
from udviz.training.transforms import normalise

N_LABELS, SIDE_PX = 20, 64


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (SIDE_PX, SIDE_PX, 3)).astype(np.uint8)


@pytest.fixture
def inputs(image):
    return normalise(torch.from_numpy(image)[None])


@pytest.fixture
def network(request):
    torch.manual_seed(0)
    pool = getattr(request, "param", "max")
    return TwoHeadedNetwork(build_backbone("small"), N_LABELS, pool=pool).eval()


def ask(study, image, **changes):
    asked = {"label": 3, "n_labels": N_LABELS, "method": "class map"} | changes
    model = asked.pop("model", "teacher")
    return explain.explain(study, model, image, **asked)


@pytest.mark.parametrize(
    ("method", "shape"),
    [
        ("class map", (8, 8)),
        ("Grad-CAM", (8, 8)),
        ("integrated gradients", (SIDE_PX, SIDE_PX)),
        ("occlusion", (SIDE_PX, SIDE_PX)),
    ],
)
def test_every_method_gives_a_map_of_the_trained_and_one_of_the_random_network(
    trained, image, method, shape
):
    found = ask(trained, image, method=method)

    assert found.trained.shape == found.control.shape == shape
    assert np.isfinite([found.trained, found.control]).all()
    assert not np.allclose(found.trained, found.control)
    assert found.seconds > 0


def predicted(study, run_name):
    """Predictions of a run on the test split, and the image at place 5 as the network saw it."""
    run = open_predictions(study / run_name / "predictions" / "test")
    fingerprint = run.manifest.dataset_fingerprint
    folder = decoded_folder(decoded_root(study), fingerprint=fingerprint, side_px=SIDE_PX)
    return run, stored_image(folder, int(run.images["row"].iloc[5]), side_px=SIDE_PX)


@pytest.mark.parametrize("name", ["teacher", "baseline-0", "distilled-0"])
def test_the_logit_is_the_one_in_the_predictions(trained, name):
    run, image = predicted(trained, name)

    found = ask(trained, image, model=name.partition("-")[0], label=7)

    np.testing.assert_allclose(found.logit, run.logits[5, 7], atol=0.05)  # bf16 where it is native


def test_the_uncertainty_map_is_the_one_in_the_predictions(trained):
    run, image = predicted(trained, "distilled-0")

    maps = explain.uncertainty_maps(trained, "distilled", image, n_labels=N_LABELS)

    assert tuple(maps) == KINDS
    np.testing.assert_allclose(maps["softmax"], run.attention[5], atol=0.02)
    assert np.abs(maps["uniform"] - maps["gradcam"]).max() > 0.01


@pytest.mark.parametrize("network", ["avg", "max"], indirect=True)
def test_grad_cam_is_the_positive_part_of_the_class_map_over_its_cells(network, inputs):
    cam = explain.grad_cam(network, inputs, 3).detach()

    features = network.features(inputs)[0]  # (C, h, w)
    weights = network.classification.weight[3] / features[0].numel()  # W / (h w)
    torch.testing.assert_close(cam, torch.einsum("c,chw->hw", weights, features).relu())
    torch.testing.assert_close(cam, explain.class_map(network, inputs, 3).relu() / cam.numel())


@pytest.mark.parametrize("network", ["avg"], indirect=True)
def test_the_mean_of_a_class_map_is_the_logit_under_average_pooling(network, inputs):
    torch.testing.assert_close(
        explain.class_map(network, inputs, 3).mean(), network(inputs).logits[0, 3]
    )


@pytest.mark.parametrize("network", ["avg", "max"], indirect=True)
def test_integrated_gradients_sum_to_the_difference_from_the_mean_colour(network, inputs):
    attribution = explain.integrated_gradients(network, inputs, 3)

    with torch.no_grad():
        logits = network(torch.cat([inputs, torch.zeros_like(inputs)])).logits[:, 3]
    difference = logits[0] - logits[1]
    assert difference.abs() > 1e-3
    torch.testing.assert_close(
        attribution.sum(), difference, rtol=0.02, atol=1e-3, check_dtype=False
    )


def test_integrated_gradients_do_not_depend_on_how_many_steps_are_taken_at_once(network, inputs):
    ours = explain.integrated_gradients(network, inputs, 3)

    whole = IntegratedGradients(lambda images: network(images).logits).attribute(
        inputs, target=3, n_steps=explain.N_STEPS
    )
    torch.testing.assert_close(ours, whole[0].sum(0), rtol=1e-3, atol=1e-5, check_dtype=False)


def test_occlusion_is_the_fall_of_the_logit_where_only_one_place_matters(inputs):
    class Corner(torch.nn.Module):
        def forward(self, images):
            corner = images[:, :, :2, :2].sum((1, 2, 3))
            return type("Output", (), {"logits": corner[:, None]})

    found = explain.occlusion(Corner(), inputs, 0)

    corner = inputs[0, :, :2, :2].sum()
    torch.testing.assert_close(found[0, 0], corner)
    assert not found[20:, 20:].any()


def test_the_control_is_the_same_whatever_the_seed_of_the_run(trained):
    recipe = read_recipe(trained / "study.toml")
    run = Run("baseline", explain.CONTROL_SEED)

    first, second = (random_network(recipe, run, N_LABELS).state_dict() for _ in range(2))

    assert all(torch.equal(first[name], second[name]) for name in first)
    own = random_network(recipe, Run("baseline", 0), N_LABELS).state_dict()
    assert not torch.equal(first["classification.weight"], own["classification.weight"])


def test_explaining_leaves_the_random_numbers_of_the_process_as_they_were(trained, image):
    torch.manual_seed(5)
    expected = torch.rand(3)

    torch.manual_seed(5)
    ask(trained, image)

    torch.testing.assert_close(torch.rand(3), expected)


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_checkpoint_that_is_not_whole_is_refused(trained, tmp_path, image, damage):
    study = shutil.copytree(trained, tmp_path / "small")
    weights = study / "teacher" / "checkpoints" / "best" / "model.safetensors"
    if damage == "missing":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")

    with pytest.raises(ValueError, match="must be a whole checkpoint"):
        ask(study, image)


def test_weights_of_another_network_are_refused(trained, tmp_path):
    study = shutil.copytree(trained, tmp_path / "small")
    recipe = read_recipe(study / "study.toml")

    with pytest.raises(ValueError, match="must hold the weights of the network that the recipe"):
        trained_network(recipe, run_of(recipe, "teacher", 0), study, N_LABELS + 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "tea leaves"}, "`method` must be one of"),
        ({"model": "x"}, "`model` must be one"),
    ],
)
def test_unknown_names_are_refused(trained, image, changes, message):
    with pytest.raises(ValueError, match=message):
        ask(trained, image, **changes)


def test_a_model_without_a_calibration_branch_has_no_uncertainty(trained, image):
    with pytest.raises(ValueError, match="must have calibration logits"):
        explain.uncertainty_maps(trained, "baseline", image, n_labels=N_LABELS)
