"""Predictions and reviewed targets, read back by the libraries they are for."""

import json

import numpy as np
import pytest
from cleanlab.internal.multilabel_utils import onehot2int
from cleanlab.multilabel_classification.filter import find_label_issues
from pyarrow import parquet

import udviz
from udviz.commands import export
from udviz.predictions.cache import open_predictions
from udviz.studies.reviews import Review, ReviewedTarget, add_review

N_IMAGES, LABELS = 40, ("cat", "=dog", "bird")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A brought study of one model, two of whose images have unknown targets."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, (N_IMAGES, len(LABELS)))
    scores = np.clip(targets * 0.5 + rng.random(targets.shape) * 0.5, 0.01, 0.99)
    targets[:2, 0] = -1
    folder = tmp_path_factory.mktemp("brought") / "mine"
    udviz.compare(scores, scores[:, ::-1].copy(), targets, label_names=LABELS, out=folder)
    return folder


@pytest.fixture
def predictions(study):
    return open_predictions(study / "before-0" / "predictions" / "test")


def test_cleanlab_takes_the_arrays_of_the_images_whose_targets_are_known(
    study, predictions, tmp_path, capsys
):
    path = tmp_path / "arrays.npz"

    export.main([str(study), "--to", "cleanlab", "--model", "before", "--out", str(path)])

    arrays = np.load(path, allow_pickle=False)
    np.testing.assert_array_equal(arrays["labels"], predictions.targets[2:])
    expected = np.stack([predictions.probs(label) for label in range(3)], axis=1)
    np.testing.assert_array_equal(arrays["pred_probs"], expected[2:])
    assert arrays["image_ids"].tolist() == list(predictions.image_ids[2:])
    assert arrays["label_names"].tolist() == list(LABELS)
    assert "38 images; 2 with unknown targets are left out" in capsys.readouterr().out
    issues = find_label_issues(labels=onehot2int(arrays["labels"]), pred_probs=arrays["pred_probs"])
    assert issues.shape == (38,)


def test_reviewed_targets_stand_beside_those_that_were_annotated(study, predictions, tmp_path):
    (known, *_) = np.argwhere(predictions.targets == 1)
    image, label = predictions.image_ids[known[0]], LABELS[known[1]]
    for of in (
        ReviewedTarget("test", image, label, 1),
        ReviewedTarget("val", image, label, 1),
        ReviewedTarget("test", "no such image", label, 1),
        ReviewedTarget("test", predictions.image_ids[0], "cat", 1),  # is unknown by now
    ):
        add_review(study, Review(of=of, direction="extra", verdict="wrong"))
    (_, other, *_) = np.argwhere(predictions.targets == 1)
    kept = ReviewedTarget("test", predictions.image_ids[other[0]], LABELS[other[1]], 1)
    add_review(study, Review(of=kept, direction="extra", verdict="right"))
    options = ["--to", "huggingface", "--model", "after", "--out", str(tmp_path / "out")]

    export.main([str(study), *options])

    table = parquet.read_table(tmp_path / "out" / "test.parquet").to_pydict()
    expected = np.array(predictions.targets)
    expected[tuple(known)] = 0
    np.testing.assert_array_equal(table["targets"], predictions.targets)
    np.testing.assert_array_equal(table["reviewed_targets"], expected)
    assert table["image_id"] == list(predictions.image_ids)
    assert json.loads((tmp_path / "out" / "label_names.json").read_text()) == list(LABELS)


def test_targets_that_came_from_an_array_have_no_table_to_correct(study):
    with pytest.raises(ValueError, match="The targets must come from a file here, got"):
        export.main([str(study), "--to", "labels"])


def test_datasets_loads_images_targets_and_probabilities(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    import datasets  # reads these variables now

    folder = tmp_path / "out"

    export.main([str(trained), "--to", "huggingface", "--model", "teacher", "--out", str(folder)])

    loaded = datasets.load_dataset("imagefolder", data_dir=str(folder))
    test = open_predictions(trained / "teacher" / "predictions" / "test")
    assert {split: len(part) for split, part in loaded.items()} == {"validation": 64, "test": 96}
    np.testing.assert_array_equal(loaded["test"]["targets"][:], test.targets)
    probs = np.array(loaded["test"]["probabilities"][:])
    np.testing.assert_allclose(probs[:, 3], test.probs(3), rtol=1e-6)
    assert loaded["test"][5]["image_id"] == test.image_ids[5]
    assert loaded["test"][5]["image"].size == (64, 64)
