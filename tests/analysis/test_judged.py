"""Calibration, thresholds and decisions of named models, against their runs alone."""

import numpy as np
import pytest
from scipy.special import logit

from tests.analysis.conftest import NAMES, opened, plan_of, tables_of
from udviz.analysis.tables.judged import judged_job
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration_tables import (
    pooled_recalibration_table,
    recalibration_table,
)
from udviz.stats.decisions.confusion import confusion
from udviz.stats.decisions.f1_scores import counts_at_thresholds, summarise_decisions
from udviz.stats.ranking.ranking import auroc


@pytest.fixture
def found(caches):
    return tables_of(judged_job(plan_of(), opened(caches, "val"), opened(caches), "baseline"))


def test_calibration_is_the_mean_over_runs_each_recalibrated_on_its_own_validation(found, caches):
    tables = []
    for seed in (3, 5):
        val, test = (opened(caches, split).models["baseline"][seed] for split in ("val", "test"))
        maps = {"platt": fit_platt(val.logits, val.targets)}
        rows = recalibration_table(
            test.logits, test.targets, recalibrations=maps, label_names=NAMES
        )
        pooled = pooled_recalibration_table(test.logits, test.targets, recalibrations=maps)
        tables.append((rows, pooled))

    table = found["calibration"]
    table = table[(table["split"] == "test") & table["recalibration"].isin(["none", "platt"])]
    for place, scope in enumerate(("label", "pooled")):
        own = table[table["scope"] == scope].reset_index(drop=True)
        for column in ("ece", "adaptive_ece", "ece_null", "brier", "nll", "mean_prob"):
            both = [of_run[place][column] for of_run in tables]
            np.testing.assert_allclose(own[column], np.mean(both, axis=0), rtol=1e-9)


def test_one_model_has_one_calibration_error(found):
    table = found["calibration"].set_index(["split", "recalibration", "scope"]).sort_index()
    scores = found["scores"].set_index("split")

    for split in ("val", "test"):
        rows = table.loc[(split, "none", "label")]
        np.testing.assert_array_equal(scores.loc[split, "ece"], rows["ece"])
        np.testing.assert_array_equal(scores.loc[split, "ece_expected"], rows["ece_null"])


def test_on_validation_nothing_is_recalibrated(found):
    table = found["calibration"]

    assert set(table[table["split"] == "val"]["recalibration"]) == {"none"}
    assert set(table[table["split"] == "test"]["recalibration"]) == {
        *("none", "temperature", "platt", "isotonic")
    }


def test_thresholds_come_from_validation_and_stay(found, caches):
    table = found["thresholds"]

    assert list(table["seed"]) == [3, 3, 3, 5, 5, 5]
    # of two separated clouds at -1 and 19 the threshold lies between, where every F1 is 1
    easy = table[table["label"] == "blue"]
    assert easy["f1_on_val"].tolist() == [1.0, 1.0]
    assert (easy["threshold"] > 0.9).all()
    runs, targets = opened(caches).models["baseline"], opened(caches).targets
    by_run = [
        summarise_decisions(
            counts_at_thresholds(runs[seed].logits, targets, thresholds=logit(own["threshold"]))
        ).cf1
        for seed, own in table.groupby("seed")
    ]
    models = found["models"].set_index("split")
    assert models.loc["test", "cf1_chosen"] == pytest.approx(np.mean(by_run))


def test_precision_recall_and_false_positives_are_those_of_the_runs_together(found, caches):
    table, runs = found["thresholds"], opened(caches).models["baseline"]
    scores = found["scores"].set_index(["split", "label"]).loc[("test", "green")]

    thresholds = table[table["label"] == "green"].set_index("seed")["threshold"]
    counted = [
        confusion(np.asarray(runs[seed].logits[:, 1]), runs[seed].targets[:, 1], threshold=logit(t))
        for seed, t in thresholds.items()
    ]
    correct, wrong, missed, right = (
        sum(getattr(of, name) for of in counted)
        for name in ("true_positives", "false_positives", "false_negatives", "true_negatives")
    )
    assert scores["precision"] == pytest.approx(correct / (correct + wrong))
    assert scores["recall"] == pytest.approx(correct / (correct + missed))
    assert scores["false_positive_rate"] == pytest.approx(wrong / (wrong + right))
    assert scores["f1"] == pytest.approx(2 * correct / (2 * correct + wrong + missed))
    assert scores["recall_low"] < scores["recall"] < scores["recall_high"]


def test_auroc_is_the_mean_over_runs(found, caches):
    runs = opened(caches).models["baseline"].values()
    scores = found["scores"].set_index("split").loc["test"]

    expected = np.mean([auroc(run.logits, run.targets) for run in runs], axis=0)
    np.testing.assert_allclose(scores["auroc"], expected)


def test_without_validation_decisions_are_made_at_a_half_and_nothing_is_recalibrated(caches):
    found = tables_of(judged_job(plan_of(), None, opened(caches), "baseline"))

    assert (found["thresholds"]["threshold"] == 0.5).all()
    assert not found["thresholds"]["chosen"].any()
    assert set(found["calibration"]["recalibration"]) == {"none"}
    models = found["models"].iloc[0]
    assert models["cf1_chosen"] == models["cf1"]
