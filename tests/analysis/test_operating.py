"""Comparisons in more than average precision, against the scores and the statistics alone."""

import numpy as np
import pytest

from tests.analysis.conftest import NAMES, SEEDS, opened, plan_of, tables_of
from udviz.analysis.tables.comparison_rows import difficulty_of, hard_labels
from udviz.analysis.tables.judged import judged_job
from udviz.analysis.tables.operating import operating_jobs
from udviz.stats.comparison.gain import corrected
from udviz.stats.difficulty.ranks import difficulty_ranks

HARD = np.array([True, False, False])


@pytest.fixture
def splits(caches):
    return opened(caches, "val"), opened(caches)


def compared(name, val, test):
    """Rows of ``comparisons`` of one job."""
    jobs = {job.name: job for job in operating_jobs(plan_of(), val, test, HARD)}
    return tables_of(jobs[name])["comparisons"]


@pytest.fixture
def decided(splits):
    return compared("comparisons at F1 thresholds", *splits)


def rows_of_kd(table, metric):
    own = table[(table["before"] == "baseline") & (table["after"] == "kd")]
    return own[own["metric"] == metric]


def test_rates_at_f1_thresholds_are_those_of_the_table_of_scores(splits, decided):
    scores = {
        name: tables_of(judged_job(plan_of(), *splits, name))["scores"].query("split == 'test'")
        for name in SEEDS
    }

    for metric in ("false_positive_rate", "recall"):
        rows = rows_of_kd(decided, f"{metric}_at_f1").query("scope == 'label'")
        for side, model in (("before_value", "baseline"), ("after_value", "kd")):
            np.testing.assert_allclose(rows[side], scores[model][metric])


def test_the_brier_score_is_that_of_the_table_of_scores(splits):
    rows = rows_of_kd(compared("Brier scores", *splits), "brier")

    scores = tables_of(judged_job(plan_of(), *splits, "kd"))["scores"].query("split == 'test'")
    labels = rows[rows["scope"] == "label"]
    np.testing.assert_allclose(labels["after_value"], scores["brier"], rtol=1e-5)


def test_thresholds_of_equal_recall_come_from_each_runs_own_validation(splits):
    rows = rows_of_kd(
        compared("comparisons at a recall of 80 %", *splits),
        "false_positive_rate_at_recall_80",
    )

    val, test = splits
    rates = []
    for seed in (3, 5):
        found, there = val.models["kd"][seed], test.models["kd"][seed]
        positives = np.sort(found.logits[found.targets[:, 0] == 1, 0])[::-1]
        cut = positives[int(np.ceil(0.8 * len(positives))) - 1]
        rates.append((there.logits[there.targets[:, 0] == 0, 0] >= cut).mean())
    assert rows.iloc[0]["after_value"] == pytest.approx(np.mean(rates))


def test_where_lower_is_better_a_label_is_helped_by_a_fall(splits):
    table = compared("comparisons at a recall of 50 %", *splits)
    rows = rows_of_kd(table, "false_positive_rate_at_recall_50").set_index("label")

    assert rows.loc["red", "gain"] < 0  # kd tells red much better
    assert rows.loc["red", "verdict"] == "helped"
    hard = rows[rows["scope"] == "hard"].iloc[0]
    assert (hard["n_labels"], hard["verdict"]) == (1, "helped")
    assert hard["gain"] == pytest.approx(rows.loc["red", "gain"])


def test_q_is_held_over_all_comparisons_of_a_metric_and_not_over_metrics(decided):
    for _, rows in decided[decided["scope"] == "label"].groupby("metric"):
        np.testing.assert_allclose(rows["q"], corrected(rows["p"].to_numpy(), correction="bh"))


def test_means_tell_hard_labels_from_the_rest(decided):
    for metric, rows in decided.groupby("metric"):
        own = rows_of_kd(rows, metric)
        gain = own[own["scope"] == "label"]["gain"].to_numpy()
        means = own[own["scope"] != "label"].set_index("scope")["gain"]
        assert means["hard"] == pytest.approx(gain[0])
        assert means["rest"] == pytest.approx(gain[1:].mean())
        assert means["mean"] == pytest.approx(gain.mean())


def test_labels_are_hard_by_the_references_difficulty(splits):
    val, test = splits

    found = difficulty_of(plan_of(), val)

    runs = [run.logits for run in val.models["teacher"].values()]
    ranks = difficulty_ranks(runs, val.targets, label_names=NAMES)
    np.testing.assert_allclose(found, ranks["difficulty"])
    assert hard_labels(plan_of(), test, found).tolist() == [True, False, False]
