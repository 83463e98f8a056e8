"""The whole job on a small embedded set, in this process."""

import json

import pandas as pd
import pytest

from udviz.analysis.summary import summary
from udviz.commands import study
from udviz.predictions.cache import open_predictions
from udviz.studies.status import read_status
from udviz.training.checkpoint import WEIGHTS
from udviz.vocabulary import METRICS

SMALL = [
    *("--recipe", "demo", "--quiet"),
    *("--data.n_train", "64", "--data.n_val", "48", "--data.n_test", "64"),
    *("--teacher.epochs", "1", "--student.epochs", "1", "--teacher.batch_size", "16"),
    *("--teacher.backbone", "small", "--student.batch_size", "16", "--min_positives", "2"),
    *("--hardware.threads", "1", "--hardware.device", "cpu"),
    *("--only_students", "baseline,distilled"),
]
pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "small"
    study.main(
        [*SMALL, "--out", str(path), "--crossfit_folds", "2", "--hardware.side_by_side", "2"]
    )
    return path


def test_every_run_is_finished_and_says_so(out):
    names = {path.name for path in out.iterdir() if (path / "run.toml").exists()}

    assert names == {"teacher", "baseline-0", "distilled-0", "crossfit-0", "crossfit-1"}
    assert all(read_status(out / name).state == "finished" for name in names)
    assert read_status(out).state == "finished"


def test_the_baseline_has_no_calibration_branch_and_the_others_have(out):
    baseline = open_predictions(out / "baseline-0" / "predictions" / "test")
    distilled = open_predictions(out / "distilled-0" / "predictions" / "test")

    assert baseline.attention is None
    assert baseline.disagreement is None
    assert distilled.attention.shape[0] == 64
    assert (distilled.disagreement >= 0).all()


def test_the_judges_of_labels_cover_every_training_image_once(out):
    ids = [
        image_id
        for fold in (0, 1)
        for image_id in open_predictions(
            out / f"crossfit-{fold}" / "predictions" / "train"
        ).image_ids
    ]

    assert len(ids) == len(set(ids)) == 64


def test_the_tables_have_a_row_per_model_and_per_label_of_both_splits(out):
    models = pd.read_parquet(out / "analysis" / "models.parquet")
    labels = pd.read_parquet(out / "analysis" / "labels.parquet")
    suspects = pd.read_parquet(out / "analysis" / "suspects.parquet")

    comparisons = pd.read_parquet(out / "analysis" / "comparisons.parquet")

    assert models.groupby("split")["model"].agg(list).to_dict() == {
        split: ["teacher", "baseline", "distilled"] for split in ("val", "test")
    }
    assert labels.groupby("split")["label"].nunique().to_dict() == {"test": 20, "val": 20}
    difference = comparisons["after_value"] - comparisons["before_value"]
    assert (comparisons["gain"] - difference).abs().max() < 1e-9
    rows = dict.fromkeys(("hard", "mean", "rest"), 1) | {"label": 20}
    for (split, metric), of_metric in comparisons.groupby(["split", "metric"]):
        assert of_metric["scope"].value_counts().to_dict() == rows, (split, metric)
    metrics = comparisons.groupby("split")["metric"].agg(set).to_dict()
    assert metrics == {"val": {"average_precision"}, "test": set(METRICS)}
    assert set(suspects["split"]) <= {"train", "val", "test"}


def test_a_second_start_skips_what_is_done_and_changes_no_byte(out, capsys):
    weights = out / "teacher" / "checkpoints" / "best" / "model.safetensors"
    before = weights.stat().st_mtime_ns, (out / "analysis" / "labels.parquet").stat().st_mtime_ns

    study.main([*SMALL, "--out", str(out), "--crossfit_folds", "2"])

    after = weights.stat().st_mtime_ns, (out / "analysis" / "labels.parquet").stat().st_mtime_ns
    assert after == before
    assert "Gain in mAP" in capsys.readouterr().out


def test_damaged_predictions_are_remade(out):
    logits = out / "distilled-0" / "predictions" / "test" / "logits.npy"
    whole = logits.read_bytes()
    logits.write_bytes(whole[:-8])

    study.main([*SMALL, "--out", str(out), "--crossfit_folds", "2"])

    assert logits.read_bytes() == whole


def test_a_damaged_table_is_remade(out):
    labels = out / "analysis" / "labels.parquet"
    whole = labels.read_bytes()
    labels.write_bytes(whole[:-8])

    study.main([*SMALL, "--out", str(out), "--crossfit_folds", "2"])

    assert labels.read_bytes() == whole


def test_the_manifest_names_every_input_by_its_weights(out):
    manifest = json.loads((out / "analysis" / "manifest.json").read_text())

    runs = {f"{model}/0/test" for model in ("teacher", "baseline", "distilled")}
    assert runs <= set(manifest["inputs"])


def test_the_summary_names_models_gain_and_doubt(out):
    text = summary(out)

    assert "Gain in mAP of distilled over baseline" in text
    assert "one seed: seed noise is not in it" in text
    assert "Inconclusive:" in text


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A study without distillation; its runs follow each other."""
    path = tmp_path_factory.mktemp("runs") / "plain"
    study.main(
        [
            *SMALL[:-2],
            *("--only_students", "baseline", "--reference", "teacher"),
            *("--hardware.side_by_side", "1", "--out", str(path)),
        ]
    )
    return path


@pytest.mark.parametrize("run", ["teacher", "baseline-0"])
def test_a_run_beside_others_has_the_bits_of_one_alone(out, plain, run):
    beside, alone = (place / run / "checkpoints" / "last" / WEIGHTS for place in (out, plain))

    assert beside.read_bytes() == alone.read_bytes()


def test_a_study_without_distillation_is_analysed_too(plain):

    models = pd.read_parquet(plain / "analysis" / "models.parquet")
    assert set(models["model"]) == {"teacher", "baseline"}
    assert "Gain" not in summary(plain)


def test_two_starts_of_one_study_at_once_are_refused(out):
    from udviz.studies.lock import exclusive

    with exclusive(out), pytest.raises(RuntimeError, match="another process"):
        study.main([*SMALL, "--out", str(out), "--crossfit_folds", "2"])
