import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score

from udviz.stats.ranking.influence import (
    at_or_above,
    average_precision_influence,
    count_at_or_below,
    reaching,
)


@pytest.fixture(params=[(np.float32, 0), (np.float32, 6), (np.float64, 1), (np.float64, 6)])
def label(request, rng):
    dtype, decimals = request.param
    positive = rng.random(80) < 0.25
    return np.round(rng.normal(size=80) + positive, decimals).astype(dtype), positive


def test_influence_of_a_case_worked_by_hand():
    # descending: positive, negative, positive; AP = (1/1 + 2/3) / 2 = 5/6
    average_precision, influence = average_precision_influence(
        np.array([0.9, 0.8, 0.7]), np.array([True, False, True])
    )

    assert average_precision == pytest.approx(5 / 6)
    first = ((1 - 5 / 6) + (1 + 1 / 3) - (1 + 2 / 9)) / 2
    negative = -(2 / 9) / 2
    last = ((2 / 3 - 5 / 6) + 1 / 3 - 2 / 9) / 2
    np.testing.assert_allclose(influence, [first, negative, last], atol=1e-15)


def test_influence_is_the_derivative_of_scikit_learns_weighted_average_precision(label):
    scores, positive = label
    step = 1e-5

    average_precision, influence = average_precision_influence(scores, positive)

    assert average_precision == pytest.approx(average_precision_score(positive, scores), abs=1e-12)
    for image in range(scores.size):
        weights = np.ones((2, scores.size))
        weights[:, image] += (-step, step)
        low, high = (average_precision_score(positive, scores, sample_weight=w) for w in weights)
        assert influence[image] == pytest.approx((high - low) / (2 * step), abs=1e-9)


def test_influences_sum_to_zero(label):
    # doubling all weights changes nothing
    assert average_precision_influence(*label)[1].sum() == pytest.approx(0, abs=1e-12)


def test_tied_images_of_one_kind_have_the_same_influence(rng):
    scores, positive = rng.integers(0, 3, 60).astype(np.float32), rng.random(60) < 0.4
    _, influence = average_precision_influence(scores, positive)

    for value in range(3):
        for kind in (True, False):
            assert np.ptp(influence[(scores == value) & (positive == kind)]) < 1e-15


def test_the_order_of_images_changes_nothing(label, rng):
    scores, positive = label
    order = rng.permutation(scores.size)

    shuffled = average_precision_influence(scores[order], positive[order])

    expected = average_precision_influence(scores, positive)
    assert shuffled[0] == pytest.approx(expected[0], abs=1e-15)
    np.testing.assert_allclose(shuffled[1], expected[1][order], atol=1e-15)


@settings(max_examples=100, deadline=None)
@given(
    arrays(
        np.float32,
        15,
        elements=st.sampled_from([-3e38, -1.5, -1e-45, -0.0, 0.0, 1e-45, 0.25, 1.5, 3e38]),
    ),
    arrays(bool, 15),
)
def test_single_and_double_precision_agree_for_any_float(scores, positive):
    positive[0] = True

    single = average_precision_influence(scores, positive)
    double = average_precision_influence(scores.astype(np.float64), positive)

    assert single[0] == double[0]
    np.testing.assert_allclose(single[1], double[1], atol=1e-15)


CROWDS = {
    "spread out": lambda rng, n: rng.normal(size=n),
    "near zero": lambda rng, n: np.exp(-9 * rng.exponential(size=n)),
    "nearly all equal": lambda rng, n: np.where(rng.random(n) < 0.99, 1.0, rng.random(n)),
    "few values": lambda rng, n: rng.integers(0, 3, n).astype(float),
    "one value": lambda rng, n: np.zeros(n),
    "one far away": lambda rng, n: np.where(np.arange(n) == 3, 1e30, rng.random(n)),
    "beyond the largest float": lambda rng, n: 3e38 * (1 - 2 * rng.random(n)),
    "denormal": lambda rng, n: 1e-43 * rng.random(n),
}


@pytest.mark.parametrize("draw", CROWDS.values(), ids=CROWDS.keys())
@pytest.mark.parametrize("n_thresholds", [1, 40, 3000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counts_are_those_of_a_binary_search_for_any_crowd(draw, n_thresholds, dtype, rng):
    scores = draw(rng, 5000).astype(dtype)
    thresholds = np.sort(rng.choice(scores, n_thresholds))

    counts = count_at_or_below(thresholds, scores)

    np.testing.assert_array_equal(counts, np.searchsorted(thresholds, scores, side="right"))


@pytest.mark.parametrize("draw", CROWDS.values(), ids=CROWDS.keys())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_scores_that_reach_a_threshold_are_those_at_or_above_it(draw, dtype, rng):
    scores = draw(rng, 2000).astype(dtype)
    thresholds = np.sort(rng.choice(scores, 300))  # some of them twice

    counts = reaching(thresholds, scores)

    expected = [(scores >= threshold).sum() for threshold in thresholds]
    np.testing.assert_array_equal(counts, expected)


@pytest.mark.parametrize("draw", CROWDS.values(), ids=CROWDS.keys())
def test_counts_are_right_just_beside_each_threshold(draw, rng):
    thresholds = np.sort(draw(rng, 500).astype(np.float32))
    scores = np.concatenate([np.nextafter(thresholds, np.float32(side)) for side in (-1e38, 1e38)])

    counts = count_at_or_below(thresholds, scores)

    np.testing.assert_array_equal(counts, np.searchsorted(thresholds, scores, side="right"))


def test_its_variance_is_the_jackknifes(rng):
    positive = np.arange(400) < 60
    scores = rng.normal(size=400) + 1.5 * positive
    _, influence = average_precision_influence(scores, positive)

    without = [
        average_precision_influence(np.delete(scores, k), np.delete(positive, k))[0]
        for k in range(400)
    ]

    jackknife = np.sqrt(399 / 400 * np.sum((without - np.mean(without)) ** 2))
    assert np.sqrt(influence @ influence) == pytest.approx(jackknife, rel=0.05)


def test_its_variance_is_the_bootstraps(rng):
    positive = np.arange(1000) < 100
    scores = rng.normal(size=1000) + 1.5 * positive
    _, influence = average_precision_influence(scores, positive)

    folds = []
    for _ in range(600):
        rows = rng.integers(0, 1000, 1000)
        folds.append(average_precision_influence(scores[rows], positive[rows])[0])

    assert np.sqrt(influence @ influence) == pytest.approx(np.std(folds), rel=0.08)


def test_a_perfect_ranking_has_no_influence():
    average_precision, influence = average_precision_influence(np.arange(9.0), np.arange(9) > 5)

    assert average_precision == 1
    np.testing.assert_allclose(influence, 0, atol=1e-15)


def test_ties_are_at_or_above_each_other():
    assert at_or_above(np.array([1, 1, 2, 3, 3, 3])).tolist() == [6, 6, 4, 3, 3, 3]
