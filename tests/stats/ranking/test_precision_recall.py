import numpy as np
import pytest
import sklearn.metrics

from udviz.stats.ranking.precision_recall import precision_recall_curve


@pytest.fixture
def label(rng):
    targets = (rng.random(5000) < 0.2).astype(np.int8)
    return np.round(rng.normal(size=5000) + targets, 2), targets


def test_a_case_worked_by_hand():
    curve = precision_recall_curve(np.array([4.0, 3, 2, 1]), np.array([1, 0, 1, 0]))

    assert curve.recall.tolist() == [0.5, 1]
    assert curve.precision.tolist() == pytest.approx([1, 2 / 3])
    assert curve.threshold.tolist() == [4, 2]


def test_unthinned_it_has_scikit_learns_points(label):
    scores, targets = label
    curve = precision_recall_curve(scores, targets, max_points=100_000)

    precision, recall, threshold = sklearn.metrics.precision_recall_curve(targets, scores)
    kept = np.flatnonzero(-np.diff(recall) > 0)[::-1]  # where a positive is found
    np.testing.assert_allclose(curve.recall, recall[kept])
    np.testing.assert_allclose(curve.precision, precision[kept])
    np.testing.assert_allclose(curve.threshold, threshold[kept])


@pytest.mark.parametrize("max_points", [1, 2, 7, 100, 200])
def test_thinning_moves_neither_the_area_nor_the_ends(label, max_points):
    curve = precision_recall_curve(*label, max_points=max_points)

    expected = sklearn.metrics.average_precision_score(label[1], label[0])
    assert curve.area == pytest.approx(expected, abs=1e-9)
    assert curve.recall.size <= max_points
    assert curve.recall[-1] == 1
    assert (np.diff(curve.recall) > 0).all()
    assert (np.diff(curve.threshold) < 0).all()
    assert ((curve.precision >= 0) & (curve.precision <= 1)).all()


def test_a_thinned_curve_stays_close_to_the_full_one(label):
    full = precision_recall_curve(*label, max_points=100_000)
    thin = precision_recall_curve(*label, max_points=200)

    place = np.searchsorted(thin.recall, full.recall - 1e-12)
    assert np.abs(thin.precision[place] - full.precision)[full.recall > 0.1].max() < 0.02


def test_unknown_targets_are_left_out(label):
    scores, targets = label
    hidden = np.where(np.arange(5000) < 2000, -1, targets)

    curve = precision_recall_curve(scores, hidden)

    assert curve.area == precision_recall_curve(scores[2000:], targets[2000:]).area


def test_refusals(label):
    with pytest.raises(ValueError, match="`targets` must hold at least one 1"):
        precision_recall_curve(np.zeros(3), np.zeros(3, np.int8))
    with pytest.raises(ValueError, match="`max_points` must be at least 1"):
        precision_recall_curve(*label, max_points=0)
