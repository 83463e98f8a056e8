"""Rank correlation of two per-label quantities, e.g. gain and difficulty."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from udviz.stats.inference.intervals import normal_quantile


@dataclass(frozen=True, kw_only=True)
class RankCorrelation:
    """Spearman's rank correlation.

    Attributes:
        rho: Correlation of the ranks in [-1, 1]; NaN below 4 labels or where one side is constant.
        low: Lower end of the interval.
        high: Upper end of the interval.
        p: Two-sided p-value of no correlation.
        n: Labels with a finite value on both sides.
    """

    rho: float
    low: float
    high: float
    p: float
    n: int


def rank_correlation(
    first: np.ndarray, second: np.ndarray, *, confidence: float = 0.95
) -> RankCorrelation:
    """Spearman's rank correlation with an interval on Fisher's scale.

    The interval treats labels as independent draws; the error of each label's own value is not in
    it.

    Args:
        first: (L,) values; NaN leaves a label out.
        second: (L,) values.
        confidence: Coverage in (0, 1).

    Raises:
        ValueError: If shapes differ or are not (L,).

    Source:
        Bonett & Wright (2000), "Sample size requirements for estimating Pearson, Kendall and
        Spearman correlations": variance (1 + rho^2 / 2) / (n - 3) of arctanh(rho).
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(
            f"`first` and `second` must both have shape (L,), got {first.shape} and {second.shape}."
        )
    z = normal_quantile(confidence)
    usable = np.isfinite(first) & np.isfinite(second)
    first, second, n = first[usable], second[usable], int(usable.sum())
    if n < 4 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return RankCorrelation(rho=np.nan, low=np.nan, high=np.nan, p=np.nan, n=n)
    rho, p = (float(value) for value in stats.spearmanr(first, second))
    half = z * np.sqrt((1 + rho**2 / 2) / (n - 3))
    centre = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    return RankCorrelation(
        rho=rho, low=float(np.tanh(centre - half)), high=float(np.tanh(centre + half)), p=p, n=n
    )
