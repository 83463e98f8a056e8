"""How far the probabilities of a label are from its frequency, and how far chance alone goes.

A perfectly calibrated model, too, has an expected calibration error above zero, because a bin's
frequency is measured on a finite number of images. So every error comes with its *null level*: the
error of a model whose probabilities are exact, at the same probabilities and the same images.
What lies beyond it, the *excess*, is the finding: 0 on average under perfect calibration (so it
may be slightly negative), and otherwise cautious, because |gap + noise| <= |gap| + |noise|: where
the gap is large the noise adds less to the error than the null level takes off.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from udviz.stats.calibration.reliability_bins import ReliabilityBins

NORMAL_FROM = 25.0  # variance from which the positives of a bin count as normal
REACH, TAIL = 6.0, 1e-6  # standard deviations, and the chance, beyond which no gap is looked for
STEPS = 64  # values of a gap at which its normal part is taken
ROUNDING = 1e-9  # of a number of positives


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
        upper = special.gammaincinv(mean**2 / sd**2, 0.95) * sd**2 / mean
    return NullLevel(mean=mean, sd=sd, upper=np.where(sd > 0, upper, mean))


def maximum_error_null(bins: ReliabilityBins) -> NullLevel:
    """Null level of `maximum_calibration_error`, for the same binomials: no draws.

    The largest of independent gaps is at most t with the product of the chances that each is: exact
    chances in bins of small variance, normal ones in the others, where the skew of the binomial
    adds to one side of a gap what it takes from the other.

    Args:
        bins: From ``reliability_bins``, of either kind.
    """
    rows = [_largest_gap(*row) for row in zip(bins.count, *_binomials(bins), strict=True)]
    mean, sd, upper = np.array(rows).reshape(-1, 3).T
    return NullLevel(mean=mean, sd=sd, upper=upper)


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
        p = special.gammaincc(null.mean**2 / variance, error * null.mean / variance)
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
    chance = np.clip(mean / np.maximum(trials, 1), 0.0, 1.0)
    often = chance > 0.5  # where probabilities of a bin differ much: count the failures
    return trials, np.where(often, 1 - chance, chance), np.where(often, trials - mean, mean)


def _largest_gap(
    count: np.ndarray, trials: np.ndarray, chance: np.ndarray, mean: np.ndarray
) -> tuple[float, float, float]:
    """Mean, standard deviation and 95 % quantile of the largest gap of one label's (Q,) bins."""
    if not count.any():
        return np.nan, np.nan, np.nan
    variance = trials * chance * (1 - chance)  # 0 where all probabilities are 0 or 1: no gap
    large, small = variance >= NORMAL_FROM, (variance > 0) & (variance < NORMAL_FROM)
    width = np.sqrt(variance[large]) / count[large]
    images, *binomial = (each[small, None] for each in (count, trials, chance, mean))
    below, gaps = _chances_below(*binomial), np.empty(0)
    if small.any():
        k = np.arange(below.shape[1])
        gaps = (np.abs(k - binomial[-1]) / images)[below < 1 - TAIL]  # those that are likely at all
    t = np.sort(np.concatenate([gaps, np.linspace(0.0, REACH * width.max(initial=0.0), STEPS)]))
    # positives from `first` to before `after` leave a gap of at most t
    reach = images * t + ROUNDING
    first = np.ceil(binomial[-1] - reach).clip(min=0).astype(np.intp)
    after = np.floor(binomial[-1] + reach).astype(np.intp) + 1
    after = np.minimum(after, below.shape[1] - 1)
    exact = np.take_along_axis(below, after, axis=1) - np.take_along_axis(below, first, axis=1)
    jumps = exact.prod(axis=0)  # nowhere else than at one of t
    grows = special.erf(t / (math.sqrt(2) * width[:, None])).prod(axis=0)
    above = 1 - jumps[:-1] * (grows[:-1] + grows[1:]) / 2  # chance that the gap is larger, between
    expected, square = float(np.diff(t) @ above), float(np.diff(t**2) @ above)
    at = int(np.argmax(jumps * grows >= 0.95))
    before = max(at - 1, 0)
    upper = np.interp(0.95, jumps[before] * grows[[before, at]], t[[before, at]])
    return expected, math.sqrt(max(square - expected**2, 0.0)), float(upper)


def _chances_below(trials: np.ndarray, chance: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Chances of fewer than k successes for k = 0, 1, ..., K, (B, K + 1), of (B, 1) binomials."""
    most = int(np.max(mean + REACH * (np.sqrt(mean) + 1), initial=1.0))
    k = np.arange(1, most + 1)
    grow = np.maximum(trials - k + 1, 0) * (chance / (1 - chance)) / k  # from k - 1 successes to k
    chances = np.concatenate([(1 - chance) ** trials, grow], axis=1).cumprod(axis=1)
    below = np.zeros((len(mean), most + 2))
    chances.cumsum(axis=1, out=below[:, 1:])
    return below


def _divide(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 is the NaN of no known image
        result: np.ndarray = top / bottom
    return result
