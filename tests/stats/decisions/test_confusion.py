import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from udviz.stats.decisions.confusion import confusion
from udviz.stats.decisions.f1_scores import counts_at_thresholds
from udviz.stats.decisions.thresholds import choose_thresholds


@pytest.fixture
def label(rng):
    targets = (rng.random(500) < 0.2).astype(np.int8)
    targets[rng.random(500) < 0.1] = -1
    return np.round(rng.normal(size=500) + targets, 1).astype(np.float32), targets


def counts(found):
    return (
        found.true_positives,
        found.false_positives,
        found.false_negatives,
        found.true_negatives,
    )


def test_a_case_worked_by_hand():
    scores = np.array([0.9, 0.8, 0.5, 0.4, 0.3, 0.95, 0.7])
    targets = np.array([1, 0, 1, 1, 0, -1, 0])

    found = confusion(scores, targets, threshold=0.5)

    assert counts(found) == (2, 2, 1, 1)
    assert (found.predicted, found.present) == (4, 3)
    assert found.prevalence == pytest.approx(1 / 2)
    assert found.precision == pytest.approx(1 / 2)
    assert found.recall == pytest.approx(2 / 3)
    assert found.f1 == pytest.approx(4 / 7)


@pytest.mark.parametrize("threshold", [-1.0, 0.3, 1.0])
def test_it_agrees_with_scikit_learn(label, threshold):
    scores, targets = label
    truth, called = targets[targets >= 0], scores[targets >= 0] >= np.float32(threshold)

    found = confusion(scores, targets, threshold=threshold)

    (tn, fp), (fn, tp) = confusion_matrix(truth, called)
    assert counts(found) == (tp, fp, fn, tn)
    assert found.precision == pytest.approx(precision_score(truth, called))
    assert found.recall == pytest.approx(recall_score(truth, called))
    assert found.f1 == pytest.approx(f1_score(truth, called))


def test_intervals_are_wilsons(label):
    found = confusion(*label, threshold=0.5)

    for interval, trials in (
        (found.precision_interval(0.9), found.predicted),
        (found.recall_interval(0.9), found.present),
    ):
        expected = binomtest(found.true_positives, trials).proportion_ci(0.9, "wilson")
        assert interval == pytest.approx((expected.low, expected.high))


def test_it_counts_like_the_decisions_of_all_labels_at_a_chosen_threshold(label):
    scores, targets = label
    chosen = choose_thresholds(scores[:, None], targets[:, None], fallback=0.0).values

    found = confusion(scores, targets, threshold=chosen[0])

    all_labels = counts_at_thresholds(scores[:, None], targets[:, None], thresholds=chosen)
    assert found.true_positives == all_labels.correct[0]
    assert found.predicted == all_labels.predicted[0]
    assert found.present == all_labels.present[0]


def test_a_threshold_that_is_a_score_calls_its_image_present():
    scores = np.array([0.1, 0.2], dtype=np.float32)  # 0.1 in float32 is above 0.1

    assert confusion(scores, np.array([1, 0]), threshold=0.1).predicted == 2
    assert confusion(-scores, np.array([1, 0]), threshold=-0.1).predicted == 1


def test_infinite_thresholds_call_everything_and_nothing(label):
    scores, targets = label

    assert confusion(scores, targets, threshold=-np.inf).predicted == (targets >= 0).sum()
    nothing = confusion(scores, targets, threshold=np.inf)
    assert nothing.predicted == 0
    assert np.isnan(nothing.precision)
    assert np.isnan(nothing.precision_interval()).all()
    assert nothing.f1 == 0


def test_a_label_without_positives_has_no_recall_and_no_f1():
    found = confusion(np.array([0.1, 0.9]), np.array([0, 0]), threshold=0.5)

    assert found.precision == 0
    assert np.isnan([found.recall, found.f1, *found.recall_interval()]).all()


def test_a_higher_threshold_never_calls_more_images(label):
    called = [confusion(*label, threshold=level).predicted for level in np.linspace(-3, 3, 50)]

    assert (np.diff(called) <= 0).all()


def test_what_is_no_threshold_or_no_target_is_refused():
    with pytest.raises(ValueError, match="`threshold` must be a number, got NaN"):
        confusion(np.array([0.1]), np.array([1]), threshold=np.nan)
    with pytest.raises(ValueError, match="`targets` must be 1"):
        confusion(np.array([0.1]), np.array([2]), threshold=0.5)
