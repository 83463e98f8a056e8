import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from udviz.stats.inference.intervals import t_quantile, wilson_interval
from udviz.stats.inference.scores import (
    BoundedScore,
    difference_interval,
    difference_p,
    score_interval,
)

VALUES = st.floats(0, 1)
ERRORS = st.floats(0.001, 0.4)


def bounded(value, se, n=20.0):
    return BoundedScore(value=np.atleast_1d(value), se=np.atleast_1d(se), n=np.atleast_1d(n))


def test_a_binomial_standard_error_gives_wilsons_interval():
    value, trials = 0.3, 40
    score = bounded(value, np.sqrt(value * (1 - value) / trials))

    ends = score_interval(score, np.array([stats.norm.ppf(0.975)]))

    np.testing.assert_allclose(ends, wilson_interval(np.array([12]), np.array([40])))


def test_a_perfect_score_is_as_uncertain_as_its_positives():
    ends = score_interval(bounded(1.0, 0.0, n=20), np.array([stats.norm.ppf(0.975)]))

    np.testing.assert_allclose(ends, wilson_interval(np.array([20]), np.array([20])))


@settings(deadline=None)
@given(VALUES, ERRORS, st.floats(0, 30))
def test_the_interval_stays_in_bounds_and_holds_the_score(value, se, quantile):
    low, high = score_interval(bounded(value, se), np.array([quantile]))

    assert 0 <= low[0] <= value <= high[0] <= 1


def test_small_errors_give_the_normal_interval_of_the_difference():
    first, second = bounded(0.5, 1e-4), bounded(0.6, 2e-4)

    for se in (1.5e-4, 2.5e-4):  # correlation above and below 0
        low, high = difference_interval(first, second, se=np.array([se]), quantile=np.array([2.0]))

        np.testing.assert_allclose([low[0], high[0]], [0.1 - 2 * se, 0.1 + 2 * se], rtol=1e-4)


def test_uncorrelated_scores_give_newcombes_published_example():
    # Newcombe (1998), table II example (a): 56/70 - 48/80, method 10
    first, second = (
        bounded(hits / trials, np.sqrt(hits * (trials - hits) / trials**3))
        for hits, trials in ((48, 80), (56, 70))
    )
    se = np.sqrt(first.se**2 + second.se**2)

    ends = difference_interval(first, second, se=se, quantile=np.array([stats.norm.ppf(0.975)]))

    np.testing.assert_allclose(np.ravel(ends), [0.0524, 0.3339], atol=5e-5)


def test_the_same_model_twice_differs_by_exactly_nothing():
    score = bounded(0.7, 0.1)

    ends = difference_interval(score, score, se=np.array([0.0]), quantile=np.array([2.0]))

    p = difference_p(score, score, se=np.array([0.0]), df=np.array([19.0]))
    np.testing.assert_allclose(ends, 0, atol=1e-12)
    assert p[0] == pytest.approx(1)


def test_two_perfect_models_may_still_differ():
    perfect = bounded(1.0, 0.0, n=5)

    low, high = difference_interval(perfect, perfect, se=np.zeros(1), quantile=np.array([2.0]))

    assert low[0] < -0.2
    assert high[0] > 0.2


@settings(deadline=None, max_examples=60)
@given(VALUES, VALUES, ERRORS, ERRORS, st.floats(-0.5, 0.95), st.floats(3, 100))
def test_p_is_below_five_percent_exactly_where_the_interval_leaves_zero(
    first, second, first_se, second_se, correlation, df
):
    se = np.sqrt(first_se**2 + second_se**2 - 2 * correlation * first_se * second_se)
    pair = bounded(first, first_se), bounded(second, second_se)
    df = np.array([df])

    p = difference_p(*pair, se=np.array([se]), df=df)[0]
    low, high = difference_interval(*pair, se=np.array([se]), quantile=t_quantile(0.95, df))

    assert -1 <= low[0] <= high[0] <= 1
    if abs(p - 0.05) > 1e-4:
        assert (p < 0.05) == (low[0] > 0 or high[0] < 0)


def test_swapping_the_models_mirrors_the_interval_and_keeps_p():
    pair = bounded(0.4, 0.1), bounded(0.8, 0.05)
    se, df = np.array([0.09]), np.array([30.0])

    low, high = difference_interval(*pair, se=se, quantile=np.array([2.0]))
    mirrored = difference_interval(*pair[::-1], se=se, quantile=np.array([2.0]))

    np.testing.assert_allclose(mirrored, [-high, -low])
    assert difference_p(*pair, se=se, df=df) == pytest.approx(
        difference_p(*pair[::-1], se=se, df=df)
    )


def test_without_degrees_of_freedom_nothing_is_known():
    pair = bounded(0.4, 0.1), bounded(0.8, 0.05)

    assert np.isnan(difference_p(*pair, se=np.array([0.1]), df=np.array([0.0])))[0]
    assert np.isnan(t_quantile(0.95, np.array([0.0])))[0]
