"""Each line of docs/coming-from-elsewhere.md, on the smallest case that shows the difference.

Where a package is not installed here, its rule is stated in a few lines of our own.
"""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from cleanlab.internal.multilabel_utils import stack_complement
from cleanlab.rank import get_label_quality_scores
from sklearn import metrics
from sklearn.calibration import _SigmoidCalibration
from sklearn.linear_model import LogisticRegression
from torchmetrics.functional.classification import (
    binary_calibration_error,
    binary_stat_scores,
    multilabel_average_precision,
)

from udviz.stats.calibration.calibration_error import expected_calibration_error
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.reliability_bins import reliability_bins
from udviz.stats.decisions.confusion import confusion
from udviz.stats.decisions.f1_scores import (
    counts_at_thresholds,
    counts_in_top,
    summarise_decisions,
)
from udviz.stats.label_errors.confident_learning import doubted_targets
from udviz.stats.ranking.ranking import average_precision

PAGE = Path(__file__).parents[1] / "docs" / "coming-from-elsewhere.md"


def ours(scores, targets):
    return float(average_precision(column(scores), column(targets).astype(int))[0])


def column(values):
    return np.asarray(values, dtype=float)[:, None]


def calibration_error(probs, targets, **bins):
    found = reliability_bins(column(probs), column(targets).astype(int), **bins)
    return float(expected_calibration_error(found)[0])


def ml_gcn_precision(scores, targets):
    """ML-GCN's AP: at each positive the precision so far, in the order of one sort."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    target = np.asarray(targets)[order]
    return float((np.cumsum(target) / np.arange(1, len(target) + 1))[target == 1].mean())


def voc_curve(scores, targets):
    """Recall and precision after each image, as VOC's devkit has them."""
    target = np.asarray(targets)[np.argsort(-np.asarray(scores), kind="stable")]
    found = np.cumsum(target)
    return found / target.sum(), found / np.arange(1, len(target) + 1)


def test_every_line_of_the_page_names_a_test_and_every_test_is_named():
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))

    assert named == {n for n in globals() if n.startswith("test_")} - {
        "test_every_line_of_the_page_names_a_test_and_every_test_is_named"
    }


def test_average_precision_of_ties():
    n = 17
    scores, first = np.full(n, 0.5), np.eye(1, n)[0].astype(int)
    last = first[::-1]

    assert ml_gcn_precision(scores, first) == 1.0
    assert ml_gcn_precision(scores, last) == pytest.approx(1 / n)
    for targets in (first, last):
        assert ours(scores, targets) == pytest.approx(1 / n)
        assert metrics.average_precision_score(targets, scores) == pytest.approx(1 / n)


@pytest.mark.filterwarnings("ignore:No positive")
def test_a_label_without_positives():
    scores, targets = np.array([[0.9, 0.2], [0.1, 0.3]]), np.array([[1, 0], [0, 0]])

    found = average_precision(scores, targets)

    assert metrics.average_precision_score(targets, scores, average="macro") == 0.5
    assert found[0] == 1.0
    assert np.isnan(found[1])
    assert np.nanmean(found) == 1.0
    theirs = multilabel_average_precision(
        torch.tensor(scores), torch.tensor(targets), num_labels=2, average="none"
    )
    assert np.nan_to_num(theirs.numpy(), nan=0.0)[1] == 0.0


def test_top_three_with_a_score_limit():
    logits = np.array([[2.0, -1.0, -2.0, -3.0]])
    targets = np.array([[1, 1, 0, 0]])
    top = np.argsort(-logits[0])[:3]

    ml_gcn = top[logits[0, top] >= 0]

    assert ml_gcn.tolist() == [0]
    assert counts_in_top(logits, targets, k=3).predicted.tolist() == [1, 1, 1, 0]


def test_difficult_objects_in_f1():
    logits = np.array([[1.0], [1.0], [-1.0]])
    as_absent = counts_at_thresholds(logits, np.array([[1], [0], [0]]), thresholds=0.0)
    left_out = counts_at_thresholds(logits, np.array([[1], [-1], [0]]), thresholds=0.0)

    assert summarise_decisions(as_absent).of1 == pytest.approx(2 / 3)
    assert summarise_decisions(left_out).of1 == 1.0


def test_thresholds_from_the_true_number_of_labels():
    probs, targets = np.array([[0.2, 0.1, 0.0], [0.9, 0.8, 0.7]]), np.array([[1, 0, 0], [1, 0, 0]])
    n_true = (targets == 1).sum(axis=1)
    limit = -np.sort(-probs, axis=1)[np.arange(2), n_true][:, None]

    l2d = metrics.f1_score(targets, (probs > limit).astype(int), average="micro")
    found = summarise_decisions(counts_at_thresholds(probs, targets, thresholds=0.5))

    assert l2d == 1.0
    assert found.of1 == pytest.approx(2 * 1 / (3 + 2))


def test_cf1_of_means_and_mean_of_f1():
    predicted, targets = np.array([[1.0, 1], [0, 1], [0, 1]]), np.array([[1, 1], [1, 0], [0, 0]])

    found = summarise_decisions(counts_at_thresholds(predicted, targets, thresholds=0.5))

    precision, recall = (1 + 1 / 3) / 2, (1 / 2 + 1) / 2
    assert found.cf1 == pytest.approx(2 * precision * recall / (precision + recall))
    mean = metrics.f1_score(targets, predicted.astype(int), average="macro")
    assert mean == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.cf1 > mean + 0.1


def test_eleven_points_and_the_area_of_voc():
    scores, targets = [0.9, 0.8, 0.7, 0.6], [1, 0, 0, 1]
    recall, precision = voc_curve(scores, targets)
    best = [precision[recall >= point - 1e-9].max() for point in np.arange(11) / 10]
    steps = np.diff([0, *recall])
    area = sum(step * precision[k:].max() for k, step in enumerate(steps))

    assert ours(scores, targets) == metrics.average_precision_score(targets, scores) == 0.75
    assert np.mean(best) == pytest.approx((6 * 1 + 5 * 0.5) / 11)
    assert area == pytest.approx(0.75)
    dip = [0.9, 0.8, 0.7], [0, 1, 1]
    recall, precision = voc_curve(*dip)
    assert ours(*dip) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert sum(
        step * precision[k:].max() for k, step in enumerate(np.diff([0, *recall]))
    ) == pytest.approx(2 / 3)  # VOC from 2010 on: precision is made to fall


def test_which_side_of_a_bin_is_open():
    probs, targets = [0.5, 0.7], [0, 1]

    guo = abs(0.5 - 0) * 0.5 + abs(0.7 - 1) * 0.5  # bins (0, 0.5] and (0.5, 1]

    assert calibration_error(probs, targets, n_bins=2) == pytest.approx(abs(0.6 - 0.5))
    assert guo == pytest.approx(0.4)


def test_a_probability_of_one():
    probs, targets = [0.95, 1.0], [1, 0]

    theirs = binary_calibration_error(torch.tensor(probs), torch.tensor(targets), n_bins=10)

    assert float(theirs) == pytest.approx((0.05 + 1.0) / 2)  # 1.0 has a bin of its own
    assert calibration_error(probs, targets, n_bins=10) == pytest.approx(abs(0.975 - 0.5))


def test_edges_of_the_bins():
    probs, targets = np.array([0.3, 0.35]), np.array([0, 1])

    counts, _ = np.histogram(probs, bins=np.linspace(0.0, 1.0, 11))  # netcal's

    assert counts[2:4].tolist() == [1, 1]
    assert reliability_bins(column(probs), column(targets).astype(int), n_bins=10).count[
        0, 2:4
    ].tolist() == [0, 2]


def test_adaptive_calibration_error_of_ties():
    probs, targets = np.full(4, 0.5), np.array([1, 1, 0, 0])

    halves = np.array_split(np.argsort(probs, kind="stable"), 2)
    split = sum(abs(targets[h].mean() - 0.5) * len(h) / 4 for h in halves)

    assert split == 0.5
    assert calibration_error(probs, targets, n_bins=2, kind="mass") == 0.0


def test_a_probability_at_the_threshold():
    probs, targets = np.array([0.5]), np.array([1])

    found = confusion(probs, targets, threshold=0.5)
    theirs = binary_stat_scores(torch.tensor(probs), torch.tensor(targets), threshold=0.5)

    assert found.true_positives == 1
    assert theirs[:4].tolist() == [0, 0, 0, 1]  # tp, fp, tn, fn


def test_self_confidence_of_cleanlab(rng):
    target = rng.random(200) < 0.1
    prob = np.clip(0.2 * target + 0.1 + 0.15 * rng.random(200), 0, 1)
    target[:3], prob[:3] = [False, True, False], [0.45, 0.08, 0.4]
    pair = stack_complement(prob)

    found = doubted_targets(prob, target)

    plain, adjusted = (
        get_label_quality_scores(
            target.astype(int), pair, method="self_confidence", adjust_pred_probs=is_adjusted
        )
        for is_adjusted in (False, True)
    )
    assert len(found.rows) > 1
    np.testing.assert_allclose(found.quality, adjusted[found.rows], rtol=1e-6)
    assert np.abs(found.quality - plain[found.rows]).max() > 0.05


def test_target_smoothing_of_platt(rng):
    logits = rng.normal(size=40)
    target = (logits + rng.normal(size=40) > 0.5).astype(int)

    smoothed = _SigmoidCalibration().fit(logits, target)
    plain = LogisticRegression(C=np.inf, tol=1e-9).fit(column(logits), target)
    found = fit_platt(column(logits), column(target).astype(int))

    assert found.slope[0] == pytest.approx(plain.coef_[0, 0], rel=0.01)
    assert -smoothed.a_ < 0.95 * found.slope[0]
