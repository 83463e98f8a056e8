"""A model as ONNX computes and decides what it does in PyTorch, and its README runs."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from udviz.commands import export
from udviz.export.onnx.bundle import write_bundle
from udviz.export.onnx.model import TOLERANCE, check_equal, write_model
from udviz.method.backbones import build_backbone
from udviz.method.network import TwoHeadedNetwork
from udviz.method.normalisation import FlooredBatchNorm2d, without_floor
from udviz.predictions.cache import open_predictions
from udviz.recipe.files import read_recipe
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.decisions.thresholds import choose_thresholds
from udviz.studies.models import Run
from udviz.studies.provenance import load_study_data
from udviz.training.networks import trained_network
from udviz.training.transforms import normalise


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = TwoHeadedNetwork(build_backbone("small"), 4)
    norm = network.feature_norm
    norm.running_mean.uniform_(-0.1, 0.1)
    norm.running_var.uniform_(0.1, 0.2)[:5] = 1e-9  # channels that have died
    return network.eval()


def run(path, pixels):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    logits, probabilities = session.run(None, {"pixels": pixels})
    return logits, probabilities


def test_without_its_floor_a_network_computes_the_same(network):
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        before = network(images).logits

        plain = without_floor(network)

        assert not any(isinstance(module, FlooredBatchNorm2d) for module in plain.modules())
        torch.testing.assert_close(plain(images).logits, before)


def test_a_missing_package_is_named_before_anything_is_written(network, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)

    with pytest.raises(ModuleNotFoundError, match="onnxscript"):
        write_model(network, tmp_path / "model.onnx", side_px=32)

    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_vision_transformer_computes_the_same_as_onnx(tmp_path):
    torch.manual_seed(0)
    network = TwoHeadedNetwork(build_backbone("timm:test_vit"), 4).eval()
    pixels = torch.randint(0, 256, (5, 64, 64, 3), dtype=torch.uint8)

    write_model(network, tmp_path / "model.onnx", side_px=64)

    logits, _ = run(tmp_path / "model.onnx", pixels.numpy())
    with torch.no_grad():
        expected = network(normalise(pixels)).logits
    np.testing.assert_allclose(logits, expected, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.fixture(scope="module")
def bundle(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "distilled"
    export.main([str(trained), "--to", "onnx", "--model", "distilled", "--out", str(folder)])
    return folder


@pytest.fixture(scope="module")
def rules(bundle):
    return json.loads((bundle / "thresholds.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pixels(trained):
    """(N, H, W, 3) uint8 validation images of the study."""
    dataset = load_study_data(read_recipe(trained / "study.toml"), trained)
    return np.stack([dataset.load(int(index)) for index in dataset.indices("val")])


def test_onnx_gives_the_logits_of_pytorch_for_any_number_of_images(trained, bundle, pixels):
    recipe = read_recipe(trained / "study.toml")
    network = trained_network(recipe, Run("distilled", 0), trained, 20)

    logits, probabilities = run(bundle / "model.onnx", pixels)

    with torch.no_grad():
        expected = network(normalise(torch.from_numpy(pixels))).logits
    np.testing.assert_allclose(logits, expected, rtol=TOLERANCE, atol=TOLERANCE)
    np.testing.assert_allclose(probabilities, expected.sigmoid(), atol=1e-5)
    assert len(run(bundle / "model.onnx", pixels[:1])[0]) == 1


def test_a_file_that_computes_something_else_is_refused(bundle, pixels):
    logits, _ = run(bundle / "model.onnx", pixels[:2])

    check_equal(bundle / "model.onnx", pixels[:2], logits)
    with pytest.raises(RuntimeError, match="must compute the logits of the network"):
        check_equal(bundle / "model.onnx", pixels[:2], logits + 1e-3 * (np.arange(20) == 7))


def test_thresholds_decide_as_those_chosen_on_validation(trained, bundle, rules, pixels):
    val = open_predictions(trained / "distilled-0" / "predictions" / "val")
    chosen = choose_thresholds(val.logits, val.targets, fallback=0.0, min_positives=5)

    _, probabilities = run(bundle / "model.onnx", pixels)

    decided = probabilities >= np.array(rules["thresholds"])
    np.testing.assert_array_equal(decided, val.logits >= chosen.values)
    assert decided.any()
    assert rules["chosen"] == chosen.chosen.tolist()
    assert rules["labels"] == list(val.label_names)


def test_recalibration_is_the_one_fitted_on_validation(trained, rules):
    val = open_predictions(trained / "distilled-0" / "predictions" / "val")
    platt, logits = rules["platt"], val.logits.astype(float)

    probs = 1 / (1 + np.exp(-(np.array(platt["slope"]) * logits + platt["intercept"])))

    np.testing.assert_allclose(probs, fit_platt(val.logits, val.targets).apply(val.logits))
    assert 0.01 <= rules["temperature"] <= 100


def test_the_readme_names_the_labels_of_an_image(bundle, rules, pixels, tmp_path):
    code = re.search(r"```python\n(.*?)```", (bundle / "README.md").read_text(), re.DOTALL)[1]
    Image.fromarray(pixels[0]).save(tmp_path / "image.png")

    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "image.png")],
        cwd=bundle,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    _, (probabilities,) = run(bundle / "model.onnx", pixels[:1])
    pairs = zip(rules["labels"], probabilities, rules["thresholds"], strict=True)
    assert told.splitlines() == [f"{label}: {p:.3f}" for label, p, least in pairs if p >= least]
    assert len(code.strip().splitlines()) <= 13


def test_predictions_of_other_weights_are_refused(trained, tmp_path):
    study = shutil.copytree(trained, tmp_path / "study")
    best = "checkpoints/best/model.safetensors"
    shutil.copy(study / "teacher" / best, study / "distilled-0" / best)

    with pytest.raises(ValueError, match="must hold predictions of"):
        write_bundle(study, tmp_path / "out", model="distilled")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"model": "student"}, "`--model` must be one of teacher, baseline, distilled, got"),
        ({"model": "distilled", "seed": 7}, "`--seed` must be one of 0 of distilled, got 7"),
    ],
)
def test_a_model_or_seed_that_the_study_does_not_have_is_refused(trained, tmp_path, asked, told):
    with pytest.raises(ValueError, match=told):
        write_bundle(trained, tmp_path / "out", **asked)
