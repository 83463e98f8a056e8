import numpy as np
import pytest
from scipy import special

from udviz.stats.inference.intervals import t_quantile
from udviz.stats.inference.seeds import (
    Spread,
    _inverse_trigamma,
    label_dependence,
    squeeze_variance,
    standard_error,
)


def spread(values, image_variance, interaction, image_df=99.0):
    shape = np.shape(values)[1]
    return Spread(
        values=np.array(values, float),
        image_variance=np.full(shape, image_variance),
        interaction=np.full(shape, interaction),
        image_df=np.full(shape, image_df),
    )


def test_with_one_seed_the_variance_is_that_of_the_images():
    error = standard_error(spread([[0.5]], 0.04, 0.0))

    assert (error.se[0], error.seed_variance[0], error.df[0]) == (pytest.approx(0.2), 0, 99)


def test_a_case_of_two_seeds_worked_by_hand():
    # s^2 = 0.02, of which 0.005 is image noise: tau^2 / S = 0.0075; too few labels to pool
    error = standard_error(spread([[0.4], [0.6]], 0.01, 0.005))

    assert error.seed_variance[0] == pytest.approx(0.0075)
    assert error.se[0] == pytest.approx(np.sqrt(0.0175))
    assert error.df[0] == pytest.approx(0.0175**2 / (0.01**2 / 99 + 0.01**2 / 1))


def test_image_noise_between_seeds_is_not_counted_twice():
    error = standard_error(spread([[0.4], [0.6]], 0.01, 0.03))

    assert error.seed_variance[0] == 0
    assert error.se[0] == pytest.approx(0.1)


def test_seeds_that_agree_exactly_add_nothing():
    error = standard_error(spread([[0.5] * 5, [0.5] * 5], 0.01, 0.0))

    np.testing.assert_allclose(error.se, 0.1)
    assert np.isfinite(error.df).all()


def test_squeezing_recovers_the_prior_the_variances_were_drawn_from(rng):
    n_labels, df, prior_df, common = 50_000, 4, 8, 3.0
    scale = rng.uniform(0.5, 2, n_labels)
    true = common * prior_df / rng.chisquare(prior_df, n_labels) * scale
    seen = true * rng.chisquare(df, n_labels) / df

    squeezed, total_df = squeeze_variance(seen, scale=scale, df=df)

    assert total_df == pytest.approx(prior_df + df, rel=0.1)
    np.testing.assert_allclose(
        squeezed, (prior_df * common * scale + df * seen) / (prior_df + df), rtol=0.1
    )
    assert np.mean((squeezed - true) ** 2) < 0.5 * np.mean((seen - true) ** 2)


def test_labels_that_differ_by_chance_only_are_pooled_almost_wholly(rng):
    seen = 2.0 * rng.chisquare(1, 200)

    squeezed, total_df = squeeze_variance(seen, scale=np.ones(200), df=1)

    assert total_df > 20
    assert np.std(squeezed) < 0.1 * np.std(seen)


def test_too_few_labels_are_left_alone():
    seen = np.array([1.0, 5.0, np.nan])

    squeezed, df = squeeze_variance(seen, scale=np.ones(3), df=2)

    np.testing.assert_array_equal(squeezed, seen)
    assert df == 2


def test_a_label_without_variance_or_scale_does_no_harm(rng):
    seen = np.r_[rng.chisquare(2, 30), 0.0, np.nan, 1.0]
    scale = np.r_[np.ones(31), np.nan, 0.0]

    squeezed, _ = squeeze_variance(seen, scale=scale, df=2)

    assert (squeezed[:31] > 0).all()
    assert np.isnan(squeezed[31])
    assert squeezed[32] == 1.0


@pytest.mark.parametrize("value", [1e-4, 0.3, 2.0, 50.0])
def test_the_inverse_trigamma_inverts(value):
    assert special.polygamma(1, _inverse_trigamma(value)) == pytest.approx(value)


def coverage_over_labels(rng, *, n_seeds, together, n_data_sets=500, n_labels=20, seed_sd=3.0):
    """Share of nominal 95 % intervals that hold 0, the image noise of a seed having variance 1."""
    shape = (n_data_sets, n_seeds, n_labels)
    common = rng.normal(size=(*shape[:2], 1)) * np.ones(n_labels)
    seeds = np.sqrt(together) * common + np.sqrt(1 - together) * rng.normal(size=shape)
    scores = rng.normal(size=(n_data_sets, 1, n_labels)) + rng.normal(size=shape) + seed_sd * seeds
    hits = []
    for values in scores:
        error = standard_error(spread(values, 1.0 + 1.0 / n_seeds, 1.0, image_df=np.inf))
        hits.append(np.abs(values.mean(axis=0)) <= error.se * t_quantile(0.95, error.df))
    return np.mean(hits)


@pytest.mark.parametrize("together", [0.0, 0.5, 1.0])
def test_intervals_of_labels_hold_what_they_say_however_a_seed_moves_them_together(rng, together):
    assert 0.925 < coverage_over_labels(rng, n_seeds=3, together=together) < 0.98


@pytest.mark.parametrize(("together", "expected"), [(0.0, 0.0), (0.25, 0.0625), (1.0, 1.0)])
def test_dependence_is_the_mean_squared_correlation_of_what_seeds_do(rng, together, expected):
    common, apart = rng.normal(size=(400, 1)), rng.normal(size=(400, 200))
    values = np.sqrt(together) * common * np.tile([1, -1], 100) + np.sqrt(1 - together) * apart

    assert label_dependence(values, scale=np.ones(200)) == pytest.approx(expected, abs=0.01)


def test_two_seeds_tell_whether_labels_moved_the_same_way():
    same, apart = np.array([[0.0] * 4, [1.0] * 4]), np.array([[0.0] * 4, [1.0, -1.0, 1.0, -1.0]])

    assert label_dependence(same, scale=np.ones(4)) == 1
    assert label_dependence(apart, scale=np.ones(4)) == 0


def test_labels_that_move_as_one_have_the_degrees_of_freedom_of_one(rng):
    seen = np.full(20, 2.0)

    assert squeeze_variance(seen, scale=np.ones(20), df=2, dependence=1.0)[1] == 2
    assert squeeze_variance(seen, scale=np.ones(20), df=2)[1] == 40
