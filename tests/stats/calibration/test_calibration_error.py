import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom

from udviz.stats.calibration.calibration_error import (
    excess_p_value,
    expected_calibration_error,
    expected_error_null,
    maximum_calibration_error,
    maximum_error_null,
    miscalibration_p,
)
from udviz.stats.calibration.calibration_tables import calibration_table
from udviz.stats.calibration.reliability_bins import reliability_bins
from udviz.stats.labels.probabilities import logit_probs, prob_logits


def rare_and_common(rng, n_images=400):
    """Probabilities of a rare, a common and an almost always present label."""
    return np.stack(
        [rng.beta(0.05, 5.0, n_images), rng.beta(1.0, 1.0, n_images), rng.beta(5.0, 0.2, n_images)],
        axis=1,
    )


@pytest.mark.parametrize("kind", ["width", "mass"])
def test_null_levels_are_those_of_targets_drawn_from_the_probabilities(rng, kind):
    probs = rare_and_common(rng)
    blank = reliability_bins(probs, np.zeros_like(probs, dtype=np.int8), kind=kind)

    ece_null, mce_null = expected_error_null(blank), maximum_error_null(blank)

    draws = [
        reliability_bins(probs, (rng.random(probs.shape) < probs).astype(np.int8), kind=kind)
        for _ in range(1500)
    ]
    ece = np.array([expected_calibration_error(bins) for bins in draws])
    mce = np.array([maximum_calibration_error(bins) for bins in draws])
    np.testing.assert_allclose(ece_null.mean, ece.mean(axis=0), rtol=0.04)
    np.testing.assert_allclose(ece_null.sd, ece.std(axis=0), rtol=0.08)
    above = (ece > ece_null.upper).mean(axis=0)  # few positives have few possible errors
    assert ((above > 0.02) & (above < 0.07)).all()
    np.testing.assert_allclose(mce_null.mean, mce.mean(axis=0), rtol=0.03)


def test_the_null_level_of_one_fair_coin_is_a_half():
    bins = reliability_bins(np.full((1, 1), 0.5), np.ones((1, 1), dtype=np.int8))

    ece_null, mce_null = expected_error_null(bins), maximum_error_null(bins)

    np.testing.assert_allclose([ece_null.mean, mce_null.mean], 0.5)
    np.testing.assert_allclose(ece_null.sd, 0.0)


@pytest.mark.parametrize("prob", [0.3, 0.7])
def test_the_null_level_of_equal_probabilities_is_a_sum_over_the_binomial(prob):
    bins = reliability_bins(np.full((10, 1), prob), np.zeros((10, 1), dtype=np.int8))

    present = np.arange(11)
    chance, error = binom.pmf(present, 10, prob), np.abs(present / 10 - prob)
    for null in (expected_error_null(bins), maximum_error_null(bins)):  # a single bin
        np.testing.assert_allclose(null.mean, chance @ error)
        np.testing.assert_allclose(null.sd, np.sqrt(chance @ error**2 - (chance @ error) ** 2))


@pytest.mark.parametrize(("n_images", "logit"), [(300, -3.0), (20_000, -3.0), (200_000, -8.0)])
def test_the_null_level_of_the_largest_gap_is_that_of_drawn_binomials(n_images, logit, rng):
    probs = expit(rng.normal(logit, 1.0, (n_images, 1)))
    bins = reliability_bins(probs, np.zeros((n_images, 1), dtype=np.int8))

    null = maximum_error_null(bins)

    count, mean = bins.count[0], bins.sum_prob[0]
    trials = np.ceil(mean**2 / np.where(count, bins.sum_square[0], 1))  # keeps the variance
    gaps = [
        np.abs(rng.binomial(int(n), m / n, 200_000) - m) / images
        for n, m, images in zip(trials, mean, count, strict=True)
        if images
    ]
    drawn = np.max(gaps, axis=0)
    np.testing.assert_allclose(null.mean, drawn.mean(), rtol=0.01)
    np.testing.assert_allclose(null.sd, drawn.std(), rtol=0.01)
    np.testing.assert_allclose(null.upper, np.quantile(drawn, 0.95), rtol=0.03)


def test_the_null_level_of_a_bin_of_very_different_probabilities_is_that_of_draws(rng):
    probs = np.where(rng.random((20_000, 1)) < 0.1, 0.99, 0.0)
    bins = reliability_bins(probs, np.zeros((20_000, 1), dtype=np.int8), n_bins=1)

    null = maximum_error_null(bins)

    drawn = np.abs(rng.binomial((probs > 0).sum(), 0.99, 200_000) - probs.sum()) / 20_000
    np.testing.assert_allclose(null.mean, drawn.mean(), rtol=0.01)
    np.testing.assert_allclose(null.upper, np.quantile(drawn, 0.95), rtol=0.01)


def test_probabilities_of_zero_and_one_have_a_null_level_of_zero():
    probs = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    targets = np.array([[0, 0], [1, 0], [1, 1]])
    bins = reliability_bins(probs, targets)

    null = expected_error_null(bins)

    np.testing.assert_array_equal(null.mean, [0.0, 0.0])
    np.testing.assert_array_equal(
        excess_p_value(expected_calibration_error(bins), null), [1.0, 0.0]
    )


@pytest.mark.parametrize("stored", ["float32", "float64", "logits"])
def test_a_rounded_probability_lies_in_the_bin_of_its_edge_however_it_was_stored(stored):
    probs = np.array([[0.7], [0.75], [0.6], [0.3]])
    targets = np.array([[1], [1], [1], [0]], dtype=np.int8)
    kept = {
        "float32": probs.astype(np.float32),
        "float64": probs,
        "logits": logit_probs(prob_logits(probs).astype(np.float32)),
    }[stored]

    bins = reliability_bins(kept, targets, n_bins=10)

    assert bins.count[0].tolist() == [0, 0, 0, 1, 0, 0, 1, 2, 0, 0]


def test_spiegelhalters_z_is_its_formula(rng):
    probs = rng.random((300, 2))
    targets = (rng.random(probs.shape) < probs**1.2).astype(np.int8)

    found = calibration_table(probs, targets, label_names=["a", "b"])["spiegelhalter_z"]

    weight = 1 - 2 * probs
    spread = np.sqrt((weight**2 * probs * (1 - probs)).sum(axis=0))
    np.testing.assert_allclose(found, ((targets - probs) * weight).sum(axis=0) / spread)


@pytest.mark.parametrize(
    ("scale", "shift", "least"),
    [(1.35, 0.0, 0.95), (1 / 1.35, 0.0, 0.95), (1.0, 0.5, 0.95), (1.0, 0.0, 0.0)],
)
def test_too_sure_too_timid_and_shifted_are_found_and_calibrated_is_not(rng, scale, shift, least):
    logits = rng.normal(0.0, 1.5, size=(1500, 60))
    targets = (rng.random(logits.shape) < logit_probs(logits)).astype(np.int8)

    table = calibration_table(
        logit_probs(scale * logits + shift), targets, label_names=[str(k) for k in range(60)]
    )

    p = miscalibration_p(table["spiegelhalter_z"].to_numpy(), table["ece_p"].to_numpy())
    found = (p <= 0.05).mean()
    assert found >= least
    assert least > 0 or found < 0.1
    if scale != 1:  # the sign of Z tells the direction
        assert np.sign(table["spiegelhalter_z"].mean()) == np.sign(scale - 1)
