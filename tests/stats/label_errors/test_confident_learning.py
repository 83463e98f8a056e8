import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from scipy.special import expit

from udviz.stats.label_errors.confident_learning import doubted_targets


def from_cleanlab(prob, target):
    """Its mask of doubted targets and the quality of every target."""
    pair, given = np.stack([1 - prob, prob], axis=1), target.astype(int)
    doubted = find_label_issues(given, pair, n_jobs=1)
    return doubted, get_label_quality_scores(given, pair, adjust_pred_probs=True)


def drawn_targets(rng, size):
    """At least five images of either kind, at any prevalence."""
    target = rng.random(size) < rng.choice([0.05, 0.2, 0.5, 0.8])
    target[:5], target[-5:] = True, False
    return target


def test_an_absence_the_model_is_sure_to_be_wrong_is_doubted_and_its_quality_worked_by_hand():
    prob = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1])
    target = np.array([True, True, True, False, False, False, False, False])

    doubts = doubted_targets(prob, target)

    # thresholds 0.9 (present) and (4 x 0.9 + 0.1) / 5 = 0.74 (absent); joint (4, 1), (0, 3)
    assert doubts.rows.tolist() == [3]
    absent, present = 0.1 - 0.74 + 0.9, 0.9 - 0.9 + 0.9
    np.testing.assert_allclose(doubts.quality, [absent / (absent + present)])


@pytest.mark.parametrize("informed", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("size", [10, 11, 30, 100, 1000])
def test_doubts_and_quality_equal_cleanlabs(rng, size, informed):
    for _ in range(40):
        target = drawn_targets(rng, size)
        prob = expit(informed * (target - 0.5) + 1.5 * rng.standard_normal(size))

        doubts = doubted_targets(prob, target)

        expected, quality = from_cleanlab(prob, target)
        np.testing.assert_array_equal(doubts.rows, np.flatnonzero(expected))
        np.testing.assert_array_equal(doubts.quality, quality[doubts.rows])


@pytest.mark.parametrize("values", [[0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 1.0], [0.5], [0.3], [1.0]])
def test_tied_and_constant_probabilities_give_cleanlabs_doubts_up_to_which_of_equal_ones(
    rng, values
):
    for size in (10, 40, 200):
        target = drawn_targets(rng, size)
        prob = rng.choice(values, size)

        doubts = doubted_targets(prob, target)

        expected, quality = from_cleanlab(prob, target)
        ours = np.isin(np.arange(size), doubts.rows)
        for given in (False, True):
            same = target == given
            np.testing.assert_array_equal(
                np.sort(prob[ours & same]), np.sort(prob[expected & same])
            )
        np.testing.assert_array_equal(doubts.quality, quality[doubts.rows])


def test_among_equal_probabilities_at_the_last_place_the_first_images_are_doubted():
    target = np.r_[np.full(10, True), np.full(30, False)]
    prob = np.where(target, 0.9, 0.1)
    prob[:5] = 0.45  # sure presences are not recovered: the joint asks for fewer doubts
    prob[[12, 15, 20, 25]] = 0.6
    prob[13] = 0.95

    doubts = doubted_targets(prob, target)

    expected, _ = from_cleanlab(prob, target)
    absences = doubts.rows[~target[doubts.rows]]
    assert absences.size == expected[~target].sum() < 5
    assert absences.tolist() == sorted([13, 12, 15, 20, 25][: absences.size])


def test_the_order_of_images_does_not_matter(rng):
    target = drawn_targets(rng, 300)
    prob = expit(target + rng.standard_normal(300))
    order = rng.permutation(300)

    shuffled = doubted_targets(prob[order], target[order])

    np.testing.assert_array_equal(np.sort(order[shuffled.rows]), doubted_targets(prob, target).rows)
