"""How far the probabilities of a label are from its frequency, and how far chance alone goes.

A perfectly calibrated model, too, has an expected calibration error above zero, because a bin's
frequency is measured on a finite number of images. So every error comes with its *null level*: the
error of a model whose probabilities are exact, at the same probabilities and the same images.
What lies beyond it, the *excess*, is the finding: 0 on average under perfect calibration (so it
may be slightly negative), and otherwise cautious, because |gap + noise| <= |gap| + |noise|: where
the gap is large the noise adds less to the error than the null level takes off.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from udviz.checks import check_at_least
from udviz.stats.calibration.reliability_bins import ReliabilityBins

NULL_DRAWS = 1000  # the null mean is then known to 3 % of the null standard deviation


@dataclass(frozen=True, eq=False, kw_only=True)
class NullLevel:
    """Calibration error that perfect calibration would show; NaN for a label with no known image.

    Attributes:
        mean: (L,) expected error.
        sd: (L,) its standard deviation.
        upper: (L,) the error that perfect calibration exceeds once in twenty times.
    """

    mean: np.ndarray
    sd: np.ndarray
    upper: np.ndarray


def expected_calibration_error(bins: ReliabilityBins) -> np.ndarray:
    """Mean over images of the gap between probability and frequency of their bin; lower is better.

    With bins of equal mass this is the adaptive calibration error.

    Args:
        bins: From ``reliability_bins``, of either kind.

    Returns:
        (L,) errors in [0, 1]; NaN for a label with no known image.

    Source:
        Guo et al. (2017), "On calibration of modern neural networks", eq. 3.

    Example:
        >>> probs = np.array([[0.2], [0.4], [0.6], [0.8]])
        >>> bins = reliability_bins(probs, np.array([[0], [1], [1], [1]]), n_bins=2)
        >>> expected_calibration_error(bins).round(3)
        array([0.25])
    """
    total = bins.count.sum(axis=1)
    return _divide(np.abs(bins.sum_prob - bins.positives).sum(axis=1), total)


def maximum_calibration_error(bins: ReliabilityBins) -> np.ndarray:
    """Largest gap of any bin that holds an image; lower is better.

    One image alone in a bin can set it, so it says little without its null level.

    Args:
        bins: From ``reliability_bins``, of either kind.

    Returns:
        (L,) errors in [0, 1]; NaN for a label with no known image.

    Source:
        Guo et al. (2017), "On calibration of modern neural networks", eq. 5.
    """
    gaps = np.abs(bins.sum_prob - bins.positives) / np.maximum(bins.count, 1)
    return np.where(bins.count.sum(axis=1) > 0, gaps.max(axis=1), np.nan)


def expected_error_null(bins: ReliabilityBins) -> NullLevel:
    """Null level of `expected_calibration_error`, exactly: no draws.

    Under perfect calibration the positives of a bin are a sum of independent Bernoulli(p_i), taken
    as one binomial with that sum's mean and variance (of the rarer outcome). The mean and the
    variance of its distance from its mean have a closed form, and bins are independent. ``upper``
    is the gamma distribution's that p-values come from, see `excess_p_value`.

    Args:
        bins: From ``reliability_bins``, of either kind.

    Source:
        Mean absolute deviation of the binomial: Diaconis and Zabell (1991), "Closed form summation
        for classical distributions: variations on a theme of de Moivre".
    """
    trials, chance, _ = _binomials(bins)
    above = np.floor(trials * chance) + 1
    distance = 2 * above * (1 - chance) * stats.binom.pmf(above, trials, chance)  # (L, Q)
    variance = trials * chance * (1 - chance) - distance**2
    total = bins.count.sum(axis=1)
    mean = _divide(distance.sum(axis=1), total)
    sd = _divide(np.sqrt(np.maximum(variance, 0).sum(axis=1)), total)
    with np.errstate(invalid="ignore", divide="ignore"):  # no spread: the mean itself
        upper = stats.gamma.ppf(0.95, mean**2 / sd**2, scale=sd**2 / mean)
    return NullLevel(mean=mean, sd=sd, upper=np.where(sd > 0, upper, mean))


def maximum_error_null(
    bins: ReliabilityBins, *, n_draws: int = NULL_DRAWS, seed: int = 0
) -> NullLevel:
    """Null level of `maximum_calibration_error`, from draws of the same binomials.

    Args:
        bins: From ``reliability_bins``, of either kind.
        n_draws: Draws per bin, at least 2.
        seed: Seed; every label uses the same stream, so its level does not depend on the others.

    Raises:
        ValueError: If ``n_draws`` < 2.
    """
    check_at_least(n_draws, 2, name="n_draws")
    largest = np.full((len(bins.count), n_draws), np.nan)  # (L, n_draws)
    for label, (trials, chance, mean) in enumerate(zip(*_binomials(bins), strict=True)):
        if (count := bins.count[label]).any():
            # all of a bin in a row: a draw costs a third where it is distributed as the last one
            shape, rng = (count.size, n_draws), np.random.default_rng(seed)
            drawn = rng.binomial(trials[:, None], chance[:, None], size=shape)
            gaps = np.abs(drawn - mean[:, None]) / np.maximum(count, 1)[:, None]
            largest[label] = gaps.max(axis=0)
    if not largest.size:
        return NullLevel(mean=np.empty(0), sd=np.empty(0), upper=np.empty(0))
    return NullLevel(
        mean=largest.mean(axis=1),
        sd=largest.std(axis=1, ddof=1),
        upper=np.quantile(largest, 0.95, axis=1),
    )


def excess_p_value(error: np.ndarray, null: NullLevel) -> np.ndarray:
    """One-sided p of an error this large under perfect calibration.

    From the gamma distribution with the null level's mean and variance: an error is a sum of
    absolute values, hence skewed, and a tail of 1,000 draws alone could not survive a correction
    for hundreds of labels.

    Args:
        error: (L,) errors.
        null: Their null level.

    Returns:
        (L,) p in [0, 1]; NaN where the error is NaN, 1 where no probability leaves 0 and 1 and
        no image contradicts it.
    """
    variance = null.sd**2
    with np.errstate(invalid="ignore", divide="ignore"):
        p = stats.gamma.sf(error, null.mean**2 / variance, scale=variance / null.mean)
    certain = np.where(error > null.mean, 0.0, 1.0)  # all probabilities 0 or 1: no spread
    return np.where(np.isnan(error), np.nan, np.where(variance > 0, p, certain))


def spiegelhalter_z(surplus: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Brier score beyond what the probabilities expect, in standard deviations.

    Args:
        surplus: (L,) from `SortedProbs.spiegelhalter`.
        variance: (L,) its variance under perfect calibration.

    Returns:
        (L,) Z: near a standard normal under perfect calibration, positive where the model is too
        sure and negative where it is too timid; NaN where all probabilities are 0, 0.5 or 1.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variance > 0, surplus / np.sqrt(variance), np.nan)


def miscalibration_p(z: np.ndarray, ece_p: np.ndarray) -> np.ndarray:
    """P of perfect calibration: the smaller of two, doubled for having looked twice.

    Spiegelhalter's two-sided Z is the stronger where a model is too sure or too timid throughout,
    but blind to some other errors (a shift around 0.5), which the excess of the ECE sees.

    Args:
        z: (L,) from `spiegelhalter_z`.
        ece_p: (L,) from `excess_p_value` of the ECE.

    Returns:
        (L,) p in [0, 1]; NaN where both are.
    """
    p: np.ndarray = np.minimum(2 * np.fmin(2 * stats.norm.sf(np.abs(z)), ece_p), 1.0)
    return p


def _binomials(bins: ReliabilityBins) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trials, chance and mean of the rarer outcome of every bin under calibration, (L, Q) each."""
    flip = bins.sum_prob > bins.count / 2  # the skew is right for the rarer outcome
    mean = np.where(flip, bins.count - bins.sum_prob, bins.sum_prob)
    second = np.where(flip, bins.count - 2 * bins.sum_prob + bins.sum_square, bins.sum_square)
    # Binomial(trials, mean / trials) has the variance `mean - second` of the Bernoulli sum
    trials = np.ceil(mean**2 / np.where(second > 0, second, 1.0) - 1e-9).astype(np.int64)
    return trials, np.clip(mean / np.maximum(trials, 1), 0.0, 1.0), mean


def _divide(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 is the NaN of no known image
        result: np.ndarray = top / bottom
    return result
