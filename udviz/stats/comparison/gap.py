"""How much of the way from baseline to teacher a distilled model goes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import check_at_least
from udviz.stats.average_precision.measure import Measured, measure
from udviz.stats.inference.intervals import t_quantile
from udviz.stats.inference.seeds import Spread, standard_error
from udviz.stats.labels.label_columns import as_seeds
from udviz.vocabulary import MIN_POSITIVES


@dataclass(frozen=True, kw_only=True)
class MeanGapClosed:
    """Gap closed in mean average precision.

    Attributes:
        gap: Teacher minus baseline in mean AP.
        gain: Distilled minus baseline in mean AP.
        closed: Their ratio: 1 reaches the teacher; NaN unless ``bounded``.
        low: Lower end of the interval; minus infinity unless ``bounded``.
        high: Upper end of the interval; infinity unless ``bounded``.
        bounded: Whether the gap is surely not 0. If it may be 0, any ratio is possible.
        n_labels: Labels in the mean.
    """

    gap: float
    gain: float
    closed: float
    low: float
    high: float
    bounded: bool
    n_labels: int


@dataclass(frozen=True, eq=False, kw_only=True)
class GapClosed:
    """Part of the gap between teacher and baseline that a distilled model closes.

    Attributes:
        table: One row per label in column order: ``gap``, ``gain``, ``closed``, ``low``, ``high``,
            ``bounded``, as in :class:`MeanGapClosed`.
        mean: The same for mean AP over all labels that have a positive.
        mean_supported: The same over the supported labels.
    """

    table: pd.DataFrame
    mean: MeanGapClosed
    mean_supported: MeanGapClosed


def gap_closed(
    baseline_scores: np.ndarray | Sequence[np.ndarray],
    distilled_scores: np.ndarray | Sequence[np.ndarray],
    teacher_scores: np.ndarray | Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    confidence: float = 0.95,
    min_positives: int = MIN_POSITIVES,
) -> GapClosed:
    """(distilled - baseline) / (teacher - baseline) in average precision, with intervals.

    Args:
        baseline_scores: (N, L) floats, or a list of them, one per training seed.
        distilled_scores: The same for the distilled model, paired with the baseline by seed.
        teacher_scores: One (N, L) array, which then stands for every seed and counts as fixed, or
            one per seed.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        confidence: Coverage of the intervals in (0, 1).
        min_positives: From how many positives on a label counts as supported.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If seeds are not paired, shapes differ, a score is NaN or infinite, or a target
            is none of 1, 0, -1.

    Source:
        Interval of a ratio: Fieller (1954), "Some problems in interval estimation".
    """
    check_at_least(min_positives, 0, name="min_positives")
    roles = [as_seeds(baseline_scores), as_seeds(distilled_scores), as_seeds(teacher_scores)]
    measured = measure(roles, targets, min_positives=min_positives)
    table = _ratio(
        measured.contrast(-1, 1, 0),
        measured.contrast(-1, 0, 1),
        measured.contrast(0, 1, -1),
        confidence=confidence,
    )
    return GapClosed(
        table=table,
        mean=_mean(measured, confidence=confidence, supported=False),
        mean_supported=_mean(measured, confidence=confidence, supported=True),
    )


def fieller_interval(
    numerator: np.ndarray,
    denominator: np.ndarray,
    *,
    numerator_variance: np.ndarray,
    denominator_variance: np.ndarray,
    covariance: np.ndarray,
    quantile: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a ratio of two correlated, normally distributed estimates.

    Args:
        numerator: (L,) estimates.
        denominator: (L,) estimates.
        numerator_variance: (L,).
        denominator_variance: (L,).
        covariance: (L,) of the two.
        quantile: Half-width in standard errors.

    Returns:
        Lower and upper ends; minus infinity and infinity where the denominator is less than
        ``quantile`` standard errors from 0, because the ratio can then be anything; NaN where an
        input is.

    Source:
        Fieller (1954).
    """
    a = denominator**2 - quantile**2 * denominator_variance
    b = numerator * denominator - quantile**2 * covariance
    c = numerator**2 - quantile**2 * numerator_variance
    bounded = a > 0
    safe = np.where(bounded, a, 1.0)
    half = np.sqrt(np.maximum(b**2 - safe * c, 0.0)) / safe
    unknown = np.isnan(a + b + c)
    low = np.where(bounded, b / safe - half, -np.inf)
    high = np.where(bounded, b / safe + half, np.inf)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def _ratio(gain: Spread, gap: Spread, rest: Spread, *, confidence: float) -> pd.DataFrame:
    """``rest`` is gain minus gap: its variance tells their covariance."""
    errors = [standard_error(spread) for spread in (gain, gap, rest)]
    gain_variance, gap_variance, rest_variance = (error.se**2 for error in errors)
    df = np.minimum(errors[0].df, errors[1].df)
    low, high = fieller_interval(
        gain.mean,
        gap.mean,
        numerator_variance=gain_variance,
        denominator_variance=gap_variance,
        covariance=(gain_variance + gap_variance - rest_variance) / 2,
        quantile=t_quantile(confidence, df),
    )
    bounded = np.isfinite(low)
    closed = np.full_like(low, np.nan)
    np.divide(gain.mean, gap.mean, out=closed, where=bounded)
    return pd.DataFrame(
        {
            "gap": gap.mean,
            "gain": gain.mean,
            "closed": closed,
            "low": low,
            "high": high,
            "bounded": bounded,
        }
    )


def _mean(measured: Measured, *, confidence: float, supported: bool) -> MeanGapClosed:
    gain, gap, rest = (
        measured.mean_contrast(*weights, supported=supported)
        for weights in ((-1, 1, 0), (-1, 0, 1), (0, 1, -1))
    )
    row = _ratio(gain, gap, rest, confidence=confidence).iloc[0]
    return MeanGapClosed(
        gap=float(row["gap"]),
        gain=float(row["gain"]),
        closed=float(row["closed"]),
        low=float(row["low"]),
        high=float(row["high"]),
        bounded=bool(row["bounded"]),
        n_labels=int(measured.in_mean(supported=supported).sum()),
    )
