import numpy as np
import pytest
from scipy import stats

from udviz.stats.inference.intervals import (
    normal_quantile,
    risk_ratio_interval,
    t_quantile,
    wilson_interval,
)


def test_wilson_intervals_are_scipys():
    for successes, trials in ((0, 10), (3, 10), (10, 10), (250, 1000)):
        ours = wilson_interval(np.array([successes]), np.array([trials]), 0.9)
        theirs = stats.binomtest(successes, trials).proportion_ci(0.9, method="wilson")
        np.testing.assert_allclose(np.ravel(ours), theirs, atol=1e-12)


def test_wilson_intervals_take_any_shape_and_no_trials_give_nan():
    low, high = wilson_interval(np.array([[0, 5], [3, 0]]), np.array([[10, 5], [4, 0]]))

    assert low.shape == high.shape == (2, 2)
    assert np.isnan([low[1, 1], high[1, 1]]).all()
    assert np.isfinite(low.ravel()[:3]).all()


@pytest.mark.parametrize(("successes", "trials"), [(3, 2), (-1, 2), (np.nan, 2)])
def test_impossible_counts_are_refused(successes, trials):
    with pytest.raises(ValueError, match=r"`successes` must lie in \[0, trials\]"):
        wilson_interval(np.array([successes]), np.array([trials]))


def test_quantiles_are_scipys():
    assert normal_quantile(0.95) == pytest.approx(1.959964)
    np.testing.assert_allclose(t_quantile(0.95, np.array([4, np.inf])), [2.776445, 1.959964])


def test_a_t_quantile_without_degrees_of_freedom_is_nan():
    assert np.isnan(t_quantile(0.95, np.array([0.0, -1.0, np.nan]))).all()


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.5, np.nan])
def test_a_confidence_outside_zero_to_one_is_refused(confidence):
    for interval in (normal_quantile, lambda c: t_quantile(c, np.ones(1))):
        with pytest.raises(ValueError, match=r"`confidence` must lie in \(0, 1\)"):
            interval(confidence)


def test_the_ratio_of_rates_of_a_case_worked_by_hand():
    ratio, low, high = risk_ratio_interval(*(np.array([n]) for n in (9, 99, 4, 199)))

    assert ratio[0] == pytest.approx((9.5 / 99.5) / (4.5 / 199.5))
    half = 1.959964 * np.sqrt(1 / 9.5 - 1 / 99.5 + 1 / 4.5 - 1 / 199.5)
    np.testing.assert_allclose([low[0], high[0]], ratio[0] * np.exp([-half, half]), rtol=1e-6)


def test_an_empty_group_has_no_ratio_and_no_event_a_finite_one():
    ratio, low, high = risk_ratio_interval(
        np.array([0, 0]), np.array([0, 50]), np.array([1, 0]), np.array([9, 50])
    )

    assert np.isnan([ratio[0], low[0], high[0]]).all()
    assert (ratio[1], bool(low[1] < 1 < high[1])) == (1, True)
