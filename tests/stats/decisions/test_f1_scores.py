import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, precision_score, recall_score
from torchmetrics.functional.classification import multilabel_f1_score

from udviz.stats.decisions.f1_scores import (
    counts_at_thresholds,
    counts_in_top,
    label_decisions,
    summarise_decisions,
)


@pytest.fixture
def data(rng):
    targets = (rng.random((400, 5)) < 0.3).astype(np.int8)
    return 1 / (1 + np.exp(-rng.normal(size=targets.shape) - 2 * targets + 1)), targets


def test_a_case_worked_by_hand():
    # label 0: predicted 2, right 1, present 1; label 1: predicted 1, right 1, present 2
    targets = np.array([[1, 1], [0, 1], [0, 0]], np.int8)
    probs = np.array([[0.9, 0.8], [0.5, 0.2], [0.1, 0.3]])

    summary = summarise_decisions(counts_at_thresholds(probs, targets, thresholds=0.5))

    assert (summary.cp, summary.cr) == (pytest.approx(0.75), pytest.approx(0.75))
    assert summary.cf1 == pytest.approx(0.75)
    assert (summary.op, summary.or_) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert summary.of1 == pytest.approx(2 / 3)


def test_labels_are_scored_as_by_scikit_learn_and_torchmetrics(data):
    probs, targets = data
    table = label_decisions(counts_at_thresholds(probs, targets, thresholds=0.5))
    pairs = list(zip(targets.T, probs.T >= 0.5, strict=True))

    for name, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        np.testing.assert_allclose(table[name], [score(*pair) for pair in pairs], atol=1e-9)
    theirs = multilabel_f1_score(
        torch.from_numpy(probs), torch.from_numpy(targets), num_labels=5, average="none"
    )
    np.testing.assert_allclose(table["f1"], theirs, atol=1e-6)


def test_overall_scores_are_scikit_learns_micro_averages_and_cp_cr_its_macro_averages(data):
    probs, targets = data
    summary = summarise_decisions(counts_at_thresholds(probs, targets, thresholds=0.5))
    decided = probs >= 0.5

    for name, score in (("op", precision_score), ("or_", recall_score), ("of1", f1_score)):
        assert getattr(summary, name) == pytest.approx(score(targets, decided, average="micro"))
    for name, score in (("cp", precision_score), ("cr", recall_score)):
        assert getattr(summary, name) == pytest.approx(score(targets, decided, average="macro"))
    assert summary.cf1 == pytest.approx(2 / (1 / summary.cp + 1 / summary.cr))
    assert summary.cf1 != pytest.approx(f1_score(targets, decided, average="macro"), abs=1e-6)


def test_probability_one_half_is_logit_zero(data):
    probs, targets = data

    of_probs = counts_at_thresholds(probs, targets, thresholds=0.5)
    of_logits = counts_at_thresholds(np.log(probs / (1 - probs)), targets, thresholds=0.0)

    assert summarise_decisions(of_probs) == summarise_decisions(of_logits)


def test_every_label_may_have_its_own_threshold(data):
    probs, targets = data
    thresholds = np.array([0.1, 0.9, 0.5, 2.0, 0.0])

    counts = counts_at_thresholds(probs, targets, thresholds=thresholds)

    np.testing.assert_array_equal(counts.predicted, (probs >= thresholds).sum(axis=0))


def test_unknown_targets_are_counted_nowhere(data):
    probs, targets = data
    targets[:, 2] = -1
    targets[:100, 1] = -1

    for counts in (
        counts_at_thresholds(probs, targets, thresholds=0.5),
        counts_in_top(probs, targets, k=3),
    ):
        assert (counts.correct[2], counts.predicted[2], counts.present[2]) == (0, 0, 0)
        assert counts.predicted[1] <= 300
        assert counts.present[1] == (targets[100:, 1] == 1).sum()
    assert summarise_decisions(counts).n_labels == 4


def test_top_k_predicts_the_k_highest_of_each_image(data, monkeypatch):
    probs, targets = data
    monkeypatch.setattr("udviz.stats.labels.label_columns.BLOCK_CELLS", 210)
    best = np.argsort(-probs, axis=1)[:, :3]
    chosen = np.zeros(probs.shape, bool)
    np.put_along_axis(chosen, best, True, axis=1)

    counts = counts_in_top(probs, targets, k=3)

    np.testing.assert_array_equal(counts.predicted, chosen.sum(axis=0))
    np.testing.assert_array_equal(counts.correct, (chosen & (targets == 1)).sum(axis=0))
    np.testing.assert_array_equal(counts.present, (targets == 1).sum(axis=0))


def test_tied_labels_are_chosen_from_the_left_and_k_is_never_exceeded():
    counts = counts_in_top(np.array([[0.1, 0.5, 0.5, 0.5]]), np.zeros((1, 4), np.int8), k=2)

    assert counts.predicted.tolist() == [0, 1, 1, 0]


def test_with_fewer_labels_than_k_all_are_predicted():
    counts = counts_in_top(np.array([[0.1, 0.5]]), np.zeros((1, 2), np.int8), k=3)

    assert counts.predicted.tolist() == [1, 1]


def test_a_label_never_predicted_counts_as_zero_and_one_never_present_not_at_all():
    targets = np.array([[1, 1, 0], [0, 1, 0]], np.int8)
    probs = np.array([[0.1, 0.9, 0.9], [0.1, 0.9, 0.1]])
    counts = counts_at_thresholds(probs, targets, thresholds=0.5)

    summary, table = summarise_decisions(counts), label_decisions(counts)

    assert (summary.cp, summary.cr, summary.n_labels) == (0.5, 0.5, 2)
    assert table["precision"].tolist() == [0, 1, 0]
    assert table["f1"].tolist()[:2] == [0, 1]
    assert table.loc[2, ["recall", "f1"]].isna().all()


def test_without_any_positive_nothing_is_scored():
    counts = counts_at_thresholds(np.ones((2, 1)), np.zeros((2, 1), np.int8), thresholds=0.5)

    summary = summarise_decisions(counts)

    assert np.isnan([summary.cp, summary.cf1, summary.of1]).all()
    assert summary.n_labels == 0


def test_refusals(data):
    probs, targets = data

    with pytest.raises(ValueError, match=r"`thresholds` must be one number or have shape \(5,\)"):
        counts_at_thresholds(probs, targets, thresholds=np.zeros(4))
    with pytest.raises(ValueError, match="`thresholds` must be finite"):
        counts_at_thresholds(probs, targets, thresholds=np.nan)
    with pytest.raises(ValueError, match="`k` must be at least 1, got 0"):
        counts_in_top(probs, targets, k=0)
    with pytest.raises(ValueError, match="must have the same shape"):
        counts_in_top(probs[:5], targets)
    probs[3, 3] = np.nan
    with pytest.raises(ValueError, match="`scores` must be finite"):
        counts_in_top(probs, targets)
