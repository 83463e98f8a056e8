"""Proper scores of probabilities: the Brier score with its parts, and the log loss."""

from dataclasses import dataclass

import numpy as np

from udviz.stats.calibration.reliability_bins import ReliabilityBins
from udviz.stats.labels.probabilities import prob_columns


@dataclass(frozen=True, eq=False, kw_only=True)
class BrierDecomposition:
    """Murphy's parts of the Brier score of every label; NaN for a label with no known image.

    Exactly, for any bins: brier = reliability - resolution + uncertainty
    + within_bin_variance - within_bin_covariance.

    Attributes:
        brier: (L,) mean squared difference of probability and target; lower is better.
        reliability: (L,) mean squared gap between probability and frequency of a bin; lower is
            better, 0 is calibrated.
        resolution: (L,) variance of the bins' frequencies: how well the bins tell images with the
            label from images without; higher is better.
        uncertainty: (L,) prevalence (1 - prevalence): the score of always saying the prevalence.
        within_bin_variance: (L,) variance of the probabilities inside the bins, which Murphy's
            three parts leave out.
        within_bin_covariance: (L,) twice the covariance of probability and target inside bins.
    """

    brier: np.ndarray
    reliability: np.ndarray
    resolution: np.ndarray
    uncertainty: np.ndarray
    within_bin_variance: np.ndarray
    within_bin_covariance: np.ndarray


def brier_decomposition(bins: ReliabilityBins) -> BrierDecomposition:
    """Split the Brier score into calibration, resolution and what the bins cannot see.

    Args:
        bins: From ``reliability_bins``, of either kind.

    Returns:
        The score and its parts, (L,) each; the identity holds to rounding.

    Source:
        Murphy (1973), "A new vector partition of the probability score", eq. 12; within-bin
        terms: Stephenson, Coelho and Jolliffe (2008), "Two extra components in the Brier score
        decomposition", eq. 7.
    """
    count = np.maximum(bins.count, 1)  # an empty bin's sums are 0 and add 0 below
    prob, frequency = bins.sum_prob / count, bins.positives / count  # (L, Q)
    total = bins.count.sum(axis=1)
    with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN of no known image
        prevalence = bins.positives.sum(axis=1) / total

        def mean(sums: np.ndarray) -> np.ndarray:
            average: np.ndarray = sums.sum(axis=1) / total
            return average

        return BrierDecomposition(
            brier=mean(bins.sum_square - 2 * bins.sum_positive + bins.positives),
            reliability=mean(bins.count * (prob - frequency) ** 2),
            resolution=mean(bins.count * (frequency - prevalence[:, None]) ** 2),
            uncertainty=prevalence * (1 - prevalence),
            within_bin_variance=mean(bins.sum_square - bins.count * prob**2),
            within_bin_covariance=2 * mean(bins.sum_positive - bins.count * prob * frequency),
        )


def brier_score(probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Mean squared difference of probability and target of every label; lower is better.

    Args:
        probs: (N, L) predicted probabilities in [0, 1].
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).

    Returns:
        (L,) scores in [0, 1]; NaN for a label with no known image.

    Raises:
        ValueError: If shapes differ, a probability leaves [0, 1] or a target is not 1, 0 or -1.

    Source:
        Brier (1950), "Verification of forecasts expressed in terms of probability".

    Example:
        >>> probs = np.array([[0.9, 0.2], [0.4, 0.5]])
        >>> brier_score(probs, np.array([[1, 0], [0, 1]])).round(3)
        array([0.085, 0.145])
    """
    scores = []
    for prob, target in prob_columns(probs, targets):
        scores.append(np.mean((prob - target) ** 2) if prob.size else np.nan)
    return np.array(scores)


def negative_log_likelihood(probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Mean log loss of every label in nats; lower is better.

    A probability of exactly 0 or 1 that is wrong costs infinitely much, and in float32 the sigmoid
    of 17 is 1: probabilities are first held at least one machine epsilon of their own dtype away
    from 0 and 1, as scikit-learn does.

    Args:
        probs: (N, L) predicted probabilities in [0, 1].
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).

    Returns:
        (L,) losses >= 0, finite; NaN for a label with no known image.

    Raises:
        ValueError: If shapes differ, a probability leaves [0, 1] or a target is not 1, 0 or -1.
    """
    floating = np.issubdtype(probs.dtype, np.floating)
    epsilon = float(np.finfo(probs.dtype if floating else np.float64).eps)
    losses = []
    for prob, target in prob_columns(probs, targets):
        prob = np.clip(prob, epsilon, 1 - epsilon)
        given = np.where(target, prob, 1 - prob)
        losses.append(-np.log(given).mean() if given.size else np.nan)
    return np.array(losses)
