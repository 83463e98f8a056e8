import numpy as np
import pytest

from udviz.stats.decisions.confusion import confusion
from udviz.stats.labels.error_examples import (
    false_negatives,
    false_positives,
    most_uncertain,
    right_where_other_is_wrong,
)
from udviz.stats.uncertainty.error_detection import prediction_errors

SCORES = np.array([0.9, 0.2, 0.7, 0.1, 0.95, 0.6, 0.99])
TARGETS = np.array([0, 1, 0, 1, 1, 0, -1], dtype=np.int8)


@pytest.fixture
def label(rng):
    targets = rng.integers(-1, 2, 1000).astype(np.int8)
    return rng.random(1000), targets


def test_false_positives_come_with_the_most_confident_first():
    assert false_positives(SCORES, TARGETS, threshold=0.65).tolist() == [0, 2]
    assert false_positives(SCORES, TARGETS, threshold=0.6).tolist() == [0, 2, 5]


def test_false_negatives_come_with_the_most_confident_first():
    assert false_negatives(SCORES, TARGETS, threshold=0.5).tolist() == [3, 1]
    assert false_negatives(SCORES, TARGETS, threshold=0.2).tolist() == [3]


def test_the_most_uncertain_images_are_right_or_wrong_but_known():
    assert most_uncertain(SCORES, TARGETS, most=3).tolist() == [4, 0, 2]


def test_an_image_is_told_where_only_one_of_two_models_is_right():
    targets = np.array([1, 0, 1, 0, -1])
    teacher = np.array([0.9, 0.1, 0.6, 0.8, 0.9])
    student = np.array([0.4, 0.7, 0.1, 0.9, 0.1])

    found = right_where_other_is_wrong(
        teacher, student, targets, threshold=0.5, other_threshold=0.5
    )

    assert found.tolist() == [1, 0, 2]  # leads of 0.6, 0.5, 0.5; image 3 fools both


def test_each_model_is_judged_at_its_own_threshold():
    one, targets = np.array([0.4]), np.array([1])

    found = right_where_other_is_wrong(one, one, targets, threshold=0.3, other_threshold=0.5)

    assert found.tolist() == [0]


def test_false_positives_and_false_negatives_are_all_the_errors(label):
    probs, targets = label
    errors = prediction_errors(probs[:, None], targets[:, None], thresholds=0.4)[:, 0]

    both = [
        *false_positives(probs, targets, threshold=0.4),
        *false_negatives(probs, targets, threshold=0.4),
    ]

    assert sorted(both) == np.flatnonzero(errors == 1).tolist()
    counted = confusion(probs, targets, threshold=0.4)
    assert len(both) == counted.false_positives + counted.false_negatives


def test_shuffling_the_images_chooses_the_same_ones(label, rng):
    probs, targets = label
    order = rng.permutation(1000)

    found = false_positives(probs[order], targets[order], threshold=0.4)

    assert order[found].tolist() == false_positives(probs, targets, threshold=0.4).tolist()


def test_ties_keep_the_order_of_the_images():
    targets = np.array([0, 1, 0, 1, 0])

    assert false_positives(np.full(5, 0.7), targets, threshold=0.5).tolist() == [0, 2, 4]
    assert false_negatives(np.full(5, 0.2), targets, threshold=0.5).tolist() == [1, 3]
    assert most_uncertain(np.full(5, 0.2), targets, most=9).tolist() == [0, 1, 2, 3, 4]


def test_where_nothing_is_known_nothing_is_chosen():
    unknown = np.full(3, -1)

    assert not false_positives(np.ones(3), unknown, threshold=0.5).size
    assert not false_negatives(np.zeros(3), unknown, threshold=0.5).size
    assert not most_uncertain(np.ones(3), unknown, most=2).size


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="`most` must be at least 1"):
        most_uncertain(SCORES, TARGETS, most=0)
    with pytest.raises(ValueError, match="`threshold` must be a number"):
        false_negatives(SCORES, TARGETS, threshold=np.nan)
    with pytest.raises(ValueError, match="`scores` must be finite"):
        false_positives(np.full(7, np.inf), TARGETS, threshold=0.5)
