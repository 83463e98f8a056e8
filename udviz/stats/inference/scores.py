"""Intervals of scores in [0, 1], and of the difference of two, from standard errors.

A score near 1 with few positives has a small, skewed and badly known standard error. So its
interval is Wilson's, at the number of yes-or-no trials that would have given that standard error.
The interval of a difference joins the two scores' intervals: errors that both models share cancel,
the others add up.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from udviz.stats.inference.intervals import wilson_ends

_FAR = 60.0  # standard errors; beyond, p-values are 0 in every practical sense
_HALVINGS = 24
_ROUNDING = 1e-9  # scores this close to 0 or 1 are 0 or 1; standard errors this small are 0


@dataclass(frozen=True, eq=False, kw_only=True)
class BoundedScore:
    """Scores in [0, 1] with their standard errors.

    Attributes:
        value: (L,) scores.
        se: (L,) standard errors.
        n: (L,) trials a score of exactly 0 or 1 is worth, e.g. the positives it rests on.
    """

    value: np.ndarray
    se: np.ndarray
    n: np.ndarray


def score_interval(score: BoundedScore, quantile: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval at the trials that would give this standard error.

    Args:
        score: (L,) scores.
        quantile: Half-width in standard errors, e.g. 1.96; broadcasts against (L,).

    Returns:
        Lower and upper ends in [0, 1], never empty: a perfect score on 5 positives is not certain.

    Source:
        Wilson (1927) with the effective sample size of Korn & Graubard (1998).
    """
    binomial = score.value * (1 - score.value)
    with np.errstate(invalid="ignore", divide="ignore"):
        trials = np.where(score.se > _ROUNDING, binomial / score.se**2, np.inf)
    trials = np.where(binomial > _ROUNDING, trials, score.n)
    low, high = wilson_ends(score.value, trials, quantile)
    return np.minimum(low, score.value), np.maximum(high, score.value)


def difference_interval(
    first: BoundedScore, second: BoundedScore, *, se: np.ndarray, quantile: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of ``second - first`` that knows both are bounded and correlated.

    An error is taken as a shared part, weighted by the correlation, which moves both scores the
    same way along their own intervals, and parts of their own, which add up in squares. With
    symmetric intervals this is the usual normal interval.

    Args:
        first: (L,) scores.
        second: (L,) scores on the same images.
        se: (L,) standard error of the difference, which tells the correlation.
        quantile: Half-width in standard errors.

    Returns:
        Lower and upper ends in [-1, 1].

    Source:
        Parts of their own: Newcombe (1998), "Interval estimation for the difference between
        independent proportions", method 10. The shared part is our own addition: Newcombe's method
        for paired data does not shrink to nothing for two models that always agree.
    """
    difference = second.value - first.value
    first_low, first_high = score_interval(first, quantile)
    second_low, second_high = score_interval(second, quantile)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = (first.se**2 + second.se**2 - se**2) / (2 * first.se * second.se)
    uncertain = (first.se > _ROUNDING) & (second.se > _ROUNDING)
    correlation = np.where(uncertain, np.clip(correlation, -1.0, 1.0), 0.0)
    shared, opposed = np.maximum(correlation, 0.0), np.maximum(-correlation, 0.0)
    first_down, first_up = first.value - first_low, first_high - first.value
    second_down, second_up = second.value - second_low, second_high - second.value
    both_down, both_up = first_down - second_down, second_up - first_up  # its change if both move

    def distance(second_moves: np.ndarray, first_moves: np.ndarray, sign: int) -> np.ndarray:
        together = np.maximum(np.maximum(sign * both_down, sign * both_up), 0.0)
        square = (1 - shared - opposed) * (second_moves**2 + first_moves**2)
        square += shared * together**2 + opposed * (second_moves + first_moves) ** 2
        return np.asarray(np.sqrt(square))

    return (
        np.maximum(difference - distance(second_down, first_up, -1), -1.0),
        np.minimum(difference + distance(second_up, first_down, 1), 1.0),
    )


def difference_p(
    first: BoundedScore, second: BoundedScore, *, se: np.ndarray, df: np.ndarray
) -> np.ndarray:
    """Two-sided p-value of no difference: the level at which the interval just reaches 0.

    Args:
        first: (L,) scores.
        second: (L,) scores on the same images.
        se: (L,) standard error of the difference.
        df: (L,) degrees of freedom; NaN results where they are not positive.
    """
    inside, outside = np.full_like(se, _FAR), np.zeros_like(se)  # quantiles that (do not) reach 0
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        low, high = difference_interval(first, second, se=se, quantile=middle)
        reaches = (low <= 0) & (high >= 0)
        inside = np.where(reaches, middle, inside)
        outside = np.where(reaches, outside, middle)
    with np.errstate(invalid="ignore"):
        known = (df > 0) & np.isfinite(first.value + second.value)
    p = 2 * stats.t.sf(outside, np.where(known, df, 1.0))
    return np.where(known, p, np.nan)
