import numpy as np
import pytest
from scipy import stats

from udviz.stats.inference.correlation import rank_correlation


def test_a_case_by_hand():
    # squared rank differences sum to 4: rho = 1 - 6 * 4 / (5 * 24)
    found = rank_correlation(np.arange(5.0), np.array([20.0, 10.0, 40.0, 30.0, 50.0]))

    assert found.rho == pytest.approx(0.8)
    # arctanh 0.8 = 1.0986, its standard error sqrt(1.32 / 2) = 0.8124
    assert (found.low, found.high) == pytest.approx((-0.457, 0.991), abs=1e-3)


def test_rho_and_p_are_scipys(rng):
    first = rng.normal(size=30)
    second = first + rng.normal(size=30)

    ours, theirs = rank_correlation(first, second), stats.spearmanr(first, second)

    assert (ours.rho, ours.p, ours.n) == (theirs.statistic, theirs.pvalue, 30)
    assert -1 < ours.low < ours.rho < ours.high < 1


def test_labels_with_a_missing_value_are_left_out(rng):
    first, second = rng.normal(size=(2, 20))
    first[3], second[5] = np.nan, np.nan
    kept = np.delete(np.arange(20), [3, 5])

    assert rank_correlation(first, second) == rank_correlation(first[kept], second[kept])


def test_the_interval_covers(rng):
    # Spearman's rho of a normal pair with correlation r is 6 / pi arcsin(r / 2)
    truth, covered = 6 / np.pi * np.arcsin(0.6 / 2), []
    for _ in range(400):
        first, noise = rng.normal(size=(2, 40))
        result = rank_correlation(first, 0.6 * first + 0.8 * noise)
        covered.append(result.low <= truth <= result.high)

    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_identical_ranks_stay_within_bounds():
    result = rank_correlation(np.arange(10.0), np.arange(10.0) ** 3)

    assert result.rho == pytest.approx(1)
    assert result.low <= result.high <= 1


@pytest.mark.parametrize(
    ("first", "second"), [([1, 2, 3], [3, 1, 2]), ([1, 1, 1, 1, 1], [1, 2, 3, 4, 5])]
)
def test_too_few_or_constant_values_have_no_correlation(first, second):
    assert np.isnan(rank_correlation(np.array(first), np.array(second)).rho)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"must both have shape \(L,\)"):
        rank_correlation(np.ones(3), np.ones(4))
