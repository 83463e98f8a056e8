import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_curve

from udviz.stats.decisions.f1_scores import counts_at_thresholds, label_decisions
from udviz.stats.decisions.thresholds import choose_thresholds, threshold_at_recall


@pytest.fixture
def data(rng):
    targets = (rng.random((300, 4)) < 0.2).astype(np.int8)
    targets[rng.random(targets.shape) < 0.1] = -1
    return np.round(rng.normal(size=targets.shape) + targets, 1).astype(np.float32), targets


def test_a_case_worked_by_hand():
    # cutting below the second positive: 2 right of 3 predicted and 2 present, F1 = 4/5
    scores = np.array([[4.0], [3.0], [2.0], [1.0]])

    thresholds = choose_thresholds(
        scores, np.array([[1], [0], [1], [0]], np.int8), fallback=0.0, min_positives=1
    )

    assert thresholds.values.tolist() == [1.5]
    assert thresholds.f1.tolist() == pytest.approx([0.8])


def test_the_highest_of_equally_good_thresholds_wins():
    # above the second image: 1 right of 1; below the last: 2 of 4; F1 is 2/3 either way
    scores, targets = np.array([[4.0], [3.0], [2.0], [1.0]]), np.array([[1], [0], [0], [1]])

    thresholds = choose_thresholds(scores, targets.astype(np.int8), fallback=0.0, min_positives=1)

    assert thresholds.values.tolist() == [3.5]
    assert thresholds.f1.tolist() == pytest.approx([2 / 3])


def test_no_threshold_of_scikit_learns_curve_has_a_better_f1(data):
    scores, targets = data
    thresholds = choose_thresholds(scores, targets, fallback=0.0)

    for label, (score, target) in enumerate(zip(scores.T, targets.T, strict=True)):
        known = target >= 0
        precision, recall, _ = precision_recall_curve(target[known], score[known])
        best = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))
        assert thresholds.f1[label] == pytest.approx(best)
        decided = score[known] >= thresholds.values[label]
        assert f1_score(target[known], decided) == pytest.approx(best)


def test_the_f1_reported_is_the_one_its_decisions_have(data):
    thresholds = choose_thresholds(*data, fallback=0.0)

    counts = counts_at_thresholds(*data, thresholds=thresholds.values)

    np.testing.assert_allclose(label_decisions(counts)["f1"], thresholds.f1)


def test_a_label_with_too_few_positives_keeps_the_fallback(data):
    scores, targets = data
    targets[:, 1] = 0
    targets[:19, 1] = 1

    thresholds = choose_thresholds(scores, targets, fallback=0.25)

    assert thresholds.chosen.tolist() == [True, False, True, True]
    assert thresholds.values[1] == 0.25
    assert np.isnan(thresholds.f1[1])


def test_neighbouring_floats_still_part():
    low = np.float32(1)
    scores = np.array([[low], [np.nextafter(low, np.float32(2))]], np.float32)

    thresholds = choose_thresholds(
        scores, np.array([[0], [1]], np.int8), fallback=0.0, min_positives=1
    )

    assert thresholds.f1.tolist() == [1]
    decided = counts_at_thresholds(
        scores, np.array([[0], [1]], np.int8), thresholds=thresholds.values
    )
    assert decided.predicted.tolist() == [1]


def test_chosen_thresholds_cannot_be_changed(data):
    thresholds = choose_thresholds(*data, fallback=0.0)

    with pytest.raises(ValueError, match="read-only"):
        thresholds.values[0] = 0.5


def test_a_bad_score_is_refused(data):
    data[0][0, 0] = np.inf

    with pytest.raises(ValueError, match="`scores` must be finite"):
        choose_thresholds(*data, fallback=0.0)


@pytest.mark.parametrize(
    ("recall", "expected"), [(0.5, 3.0), (0.75, 2.0), (0.76, 1.0), (0.2, 4.0), (0.99, 1.0)]
)
def test_a_recall_is_reached_by_as_few_positives_as_it_takes(recall, expected):
    assert threshold_at_recall(np.array([2.0, 4.0, 1.0, 3.0]), recall) == expected


def test_a_whole_number_of_positives_is_not_one_more_by_rounding():
    assert threshold_at_recall(np.arange(100.0), 0.07) == 93.0  # 0.07 * 100 is above 7
