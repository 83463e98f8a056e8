import numpy as np
import pytest
from scipy import stats

from udviz.stats.comparison.gain import label_gains
from udviz.stats.comparison.gap import fieller_interval, gap_closed


@pytest.fixture
def roles(rng):
    """Baseline, distilled and teacher; in column 1 the teacher is no better than the baseline."""
    targets = (rng.random((1500, 3)) < 0.1).astype(np.int8)
    shared = rng.normal(size=targets.shape)

    def model(*separation):
        return shared + 0.5 * rng.normal(size=targets.shape) + np.array(separation) * targets

    return model(1, 1, 1), model(1.5, 1.5, 2.5), model(2, 1, 2), targets


def test_the_gap_closed_is_the_ratio_of_gains(roles):
    baseline, distilled, teacher, targets = roles
    gain = label_gains(baseline, distilled, targets)
    gap = label_gains(baseline, teacher, targets)

    result = gap_closed(*roles)

    np.testing.assert_allclose(result.table["gain"], gain.table["gain"])
    np.testing.assert_allclose(result.table["gap"], gap.table["gain"])
    assert result.table["closed"][0] == pytest.approx(result.table.eval("gain / gap")[0])
    assert result.mean.closed == pytest.approx(gain.mean_gain.gain / gap.mean_gain.gain)
    assert result.mean.low < result.mean.closed < result.mean.high
    assert (result.mean.n_labels, result.mean_supported.n_labels) == (3, 3)


def test_without_a_sure_gap_any_ratio_is_possible_and_none_is_given(roles):
    row = gap_closed(*roles).table.loc[1]

    assert not row["bounded"]
    assert np.isnan(row["closed"])
    assert (row["closed_low"], row["closed_high"]) == (-np.inf, np.inf)


def test_a_student_that_is_its_teacher_closes_the_gap_exactly(roles):
    baseline, _, teacher, targets = roles

    row = gap_closed(baseline, teacher, teacher, targets).table.loc[0]

    np.testing.assert_allclose(
        row[["closed", "closed_low", "closed_high"]].astype(float), 1, atol=1e-6
    )


def test_a_student_that_is_its_baseline_closes_nothing(roles):
    baseline, _, teacher, targets = roles

    row = gap_closed(baseline, baseline, teacher, targets).table.loc[0]

    np.testing.assert_allclose(
        row[["closed", "closed_low", "closed_high"]].astype(float), 0, atol=1e-6
    )


def test_one_teacher_stands_for_every_seed(roles, rng):
    baseline, distilled, teacher, targets = roles
    seeds = [[each, each + 0.1 * rng.normal(size=each.shape)] for each in (baseline, distilled)]

    one, copied = gap_closed(*seeds, teacher, targets), gap_closed(*seeds, [teacher] * 2, targets)

    np.testing.assert_allclose(one.table["closed"], copied.table["closed"])
    np.testing.assert_allclose(one.table["closed_low"], copied.table["closed_low"])


def test_a_label_without_positives_is_nan(roles):
    roles[3][:, 2] = 0

    result = gap_closed(*roles)

    columns = ["gap", "gain", "closed", "closed_low", "closed_high"]
    assert result.table.loc[2, columns].isna().all()
    assert result.mean.n_labels == 2


def test_seeds_that_do_not_match_are_refused(roles):
    baseline, distilled, teacher, targets = roles

    with pytest.raises(ValueError, match=r"Seeds must be paired, got \[3, 2, 1\] seeds"):
        gap_closed([baseline] * 3, [distilled] * 2, teacher, targets)


def fieller(numerator, denominator, quantile=1.96, covariance=0.2):
    return fieller_interval(
        np.atleast_1d(numerator),
        np.atleast_1d(denominator),
        numerator_variance=np.ones(1),
        denominator_variance=np.ones(1),
        covariance=np.full(1, covariance),
        quantile=np.full(1, quantile),
    )


def test_fiellers_ends_are_where_the_weighted_difference_stops_being_zero():
    for end in fieller(3.0, 5.0):
        variance = 1 - 2 * end * 0.2 + end**2
        np.testing.assert_allclose(abs(3 - end * 5) / np.sqrt(variance), 1.96)


def test_a_sure_denominator_gives_the_ordinary_interval():
    low, high = fieller(3000.0, 1000.0, covariance=0.0)

    half = 1.96 * np.sqrt(1 + 9) / 1000
    np.testing.assert_allclose([low[0], high[0]], [3 - half, 3 + half], rtol=1e-4)


def test_fiellers_interval_covers_even_where_the_gap_is_often_not_sure(rng):
    draws = rng.multivariate_normal([1.5, 3.0], [[1, 0.2], [0.2, 1]], 4000)
    quantile = stats.norm.ppf(0.975)

    ends = [fieller(n, d, quantile) for n, d in draws]

    covered = [low[0] <= 0.5 <= high[0] for low, high in ends]
    unbounded = np.mean([np.isinf(low[0]) for low, _ in ends])
    assert 0.05 < unbounded < 0.4
    assert 0.94 <= np.mean(covered) <= 0.99
