"""A whole analysis, from caches to tables, with and without what a study may lack."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from tests.analysis.conftest import NAMES, SEEDS, opened, plan_of, write_cache
from udviz.analysis import study as subject
from udviz.analysis.schema.tables import BY_NAME
from udviz.analysis.store import read_manifest, read_table
from udviz.analysis.study import analyse_study
from udviz.analysis.summary import summary
from udviz.analysis.tables.doubted import doubted_training_tables
from udviz.data.dataset import Boxes, Dataset
from udviz.recipe.schema import Recipe
from udviz.stats.difficulty.label_difficulty import label_difficulty
from udviz.stats.label_errors.suspects import find_suspects
from udviz.vocabulary import SLICE_METRICS

KINDS = {"none": "none"}


def data_of(caches, *, fingerprint="data"):
    """The data set that the caches are of, with a box in every image of the first label."""
    parts = [opened(caches, split).first for split in ("val", "test")]
    targets = np.concatenate([np.asarray(part.targets) for part in parts])
    ids = [image for part in parts for image in part.images["image_id"]]
    red = np.flatnonzero(targets[:, 0] == 1)
    return Dataset(
        name="drawn",
        label_names=NAMES,
        image_ids=tuple(ids),
        splits=np.repeat(["val", "test"], len(parts[0].targets)),
        targets=targets,
        difficult=np.zeros(targets.shape, dtype=bool),
        load=lambda index: np.zeros((1, 1, 3), np.uint8),
        fingerprint=fingerprint,
        boxes=Boxes(
            image=red,
            label=np.zeros(len(red), dtype=int),
            corners=np.tile([0.0, 0.0, 0.05, 0.1], (len(red), 1)),
            difficult=np.zeros(len(red), dtype=bool),
            visible=np.full(len(red), 0.8),
        ),
    )


@pytest.fixture
def planned(caches, monkeypatch):
    """A study whose caches are those drawn."""
    monkeypatch.setattr(subject.Plan, "of", classmethod(lambda cls, recipe: plan_of()))
    return caches


def test_all_tables_are_written_once_and_again_only_when_something_changed(planned):
    shares = []

    def advance(share, what):
        shares.append(share)

    assert analyse_study(Recipe(), planned, data_of(planned), advance)
    first = read_manifest(planned)
    assert not analyse_study(Recipe(), planned, data_of(planned))
    assert read_manifest(planned) == first
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert analyse_study(Recipe(), planned, data_of(planned, fingerprint="other boxes"))
    assert read_manifest(planned).inputs["data"] == "other boxes"
    for name in BY_NAME:
        read_table(planned, name)


def test_labels_hold_the_difficulty_and_causes_that_the_reference_alone_gives(planned):
    analyse_study(Recipe(), planned, data_of(planned))

    labels = read_table(planned, "labels", where=[("split", ["test"])])
    split = opened(planned)
    logits = [run.logits for run in split.models["teacher"].values()]
    alone = label_difficulty(logits, split.targets, label_names=NAMES).sort_values("column")
    for column in (
        "difficulty",
        "difficulty_low",
        "ece_excess",
        "miscalibration_q",
        "entropy_share",
    ):
        np.testing.assert_allclose(labels[column], alone[column], rtol=1e-6)
    assert labels["area"].tolist() == pytest.approx([0.005, np.nan, np.nan], nan_ok=True)
    assert labels["causes"].str.contains("small").tolist() == [True, False, False]
    assert labels["supported"].all()


def sliced(dataset, **columns):
    return replace(dataset, slices=pd.DataFrame(columns, dtype="category"))


def test_labels_tell_what_they_belong_to_and_another_hierarchy_makes_them_anew(planned):
    plain = data_of(planned)
    analyse_study(Recipe(), planned, plain)
    assert "supercategory" not in read_table(planned, "labels")

    for above in (("warm", "", "cold"), ("warm", "cold", "cold")):
        assert analyse_study(Recipe(), planned, replace(plain, supercategories=above))

        labels = read_table(planned, "labels")
        assert dict(zip(labels["label"], labels["supercategory"], strict=True)) == dict(
            zip(NAMES, above, strict=True)
        )


def test_slices_are_compared_on_every_split_and_corrected_over_all_of_it(planned):
    dataset = data_of(planned)
    sites = np.where(dataset.targets[:, 0] == 1, "north", "south")
    sites[::2] = "north"
    days = np.resize(["day", "night", "dawn"], len(sites))

    assert analyse_study(Recipe(), planned, sliced(dataset, site=sites, time=days))

    rows = read_table(planned, "slices")
    assert set(rows["slice_column"]) == {"site", "time"}
    metrics = rows.groupby("split")["metric"].agg(set).to_dict()
    assert metrics["all"] == {"prevalence"}
    assert metrics["val"] == metrics["test"] == set(SLICE_METRICS)
    for _, family in rows[rows["scope"] == "label"].groupby(["split", "metric"]):
        tested = family[family["p"].notna()]
        if len(tested):
            q = false_discovery_control(tested["p"])
            np.testing.assert_allclose(tested["q"], q)
    (red,) = rows.query(
        "split == 'all' and label == 'red' and slice == 'south' and metric == 'prevalence'"
    ).to_dict("records")
    assert (red["value"], red["rest"]) == (0, (dataset.targets[sites == "north", 0] == 1).mean())
    assert red["q"] < 0.001
    teacher = opened(planned).first
    among = (sites[dataset.splits == "test"] == "north") & (teacher.targets[:, 0] == 1)
    (threshold,) = read_table(planned, "thresholds").query("model == 'teacher' and label == 'red'")[
        "threshold"
    ]
    (recall,) = rows.query(
        "split == 'test' and label == 'red' and slice == 'north' and metric == 'recall'"
    )["value"]
    assert recall == pytest.approx((teacher.probs(0)[among] >= threshold - 1e-6).mean())


def test_other_slices_make_the_analysis_anew_and_none_leave_it_as_it_was(planned):
    dataset = data_of(planned)
    assert analyse_study(Recipe(), planned, dataset)
    assert read_table(planned, "slices").empty
    sites = np.resize(["north", "south"], len(dataset.image_ids))

    assert analyse_study(Recipe(), planned, sliced(dataset, site=sites))
    assert not analyse_study(Recipe(), planned, sliced(dataset, site=sites))
    assert analyse_study(Recipe(), planned, sliced(dataset, site=sites[::-1]))
    assert analyse_study(Recipe(), planned, dataset)
    assert read_table(planned, "slices").empty


def test_a_study_of_predictions_alone_has_its_tables_too(planned):
    assert analyse_study(Recipe(), planned, None)

    labels = read_table(planned, "labels")
    assert (labels["train_positives"] == -1).all()
    assert set(read_table(planned, "label_counts")["split"]) == {"val", "test"}
    models = read_table(planned, "models")
    assert models["mean_ap_trained"].isna().all()
    assert (models["n_images"] == 400).all()


def test_one_brought_model_without_validation_is_analysed(caches, monkeypatch):
    plan = plan_of()
    (only,) = (model for model in plan.models if model.name == "lonely")
    brought = type(only)("lonely", "brought", only.seeds, "from elsewhere")
    alone = plan_of(models=(brought,), comparisons=(), reference="lonely")
    monkeypatch.setattr(subject.Plan, "of", classmethod(lambda cls, recipe: alone))
    for path in (caches / "lonely-5" / "predictions" / "val").iterdir():
        path.unlink()
    (caches / "lonely-5" / "predictions" / "val").rmdir()

    assert analyse_study(Recipe(), caches, None)

    assert set(read_table(caches, "models")["split"]) == {"test"}
    assert (read_table(caches, "thresholds")["threshold"] == 0.5).all()
    assert read_table(caches, "comparisons").empty
    assert "Hardest for lonely" in summary(caches)


def test_a_trained_study_without_validation_predictions_names_the_command(planned):
    for path in (planned / "lonely-5" / "predictions" / "val").iterdir():
        path.unlink()

    with pytest.raises(FileNotFoundError, match="python -m pipelines"):
        analyse_study(Recipe(), planned, data_of(planned))


def test_the_summary_has_a_line_per_model_and_the_verdicts_of_each_comparison(planned):
    analyse_study(Recipe(), planned, data_of(planned))

    told = summary(planned)

    for name in SEEDS:
        assert f"\n{name:<8}  mAP 0." in told
    assert "Gain in mAP of kd over baseline: " in told
    assert "Gain in mAP of lonely over baseline: " in told
    assert told.count("False-positive rate of hard labels (1) at a recall of 0.8: ") == 3
    assert "(one seed: seed noise is not in it)" in told
    assert told.count("Inconclusive: ") == 3


def test_caches_of_other_targets_or_images_are_not_compared(caches, rng):
    targets = np.asarray(opened(caches).targets)
    directory = caches / "lonely-5" / "predictions" / "test"
    for changed, ids in ((1 - np.abs(targets), None), (targets, [f"x{k}" for k in range(400)])):
        write_cache(
            directory, targets=changed, logits=rng.normal(size=(400, 3)), split="test", ids=ids
        )
        with pytest.raises(ValueError, match="must be about the same images, labels and targets"):
            opened(caches)


def test_doubts_of_training_are_those_of_all_folds_end_to_end(tmp_path, rng):
    targets = (rng.random((300, 3)) < 0.3).astype(np.int8)
    logits = (4 * targets - 2 + rng.normal(size=targets.shape)).astype(np.float32)
    targets[rng.random(targets.shape) < 0.03] ^= 1
    folds = []
    for fold, rows in enumerate((np.arange(0, 300, 2), np.arange(1, 300, 2))):
        folds.append(tmp_path / f"crossfit-{fold}" / "predictions" / "train")
        write_cache(
            folds[-1],
            targets=targets[rows],
            logits=logits[rows],
            split="train",
            ids=[f"t{row}" for row in rows],
        )

    found = doubted_training_tables(folds)

    order = np.r_[0:300:2, 1:300:2]
    counts = found["training_counts"]
    plain = find_suspects(logits[order], targets[order], label_names=NAMES).counts
    assert counts["known"].tolist() == plain["known"].tolist()
    suspects = found["suspects"]
    assert (suspects["image_id"] == [f"t{order[image]}" for image in suspects["image"]]).all()
    assert set(suspects["split"]) == {"train"}
