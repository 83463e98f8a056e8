"""How much of the way from one model to its teacher another one goes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import check_at_least
from udviz.stats.inference.intervals import t_quantile
from udviz.stats.inference.seeds import Spread, standard_error
from udviz.stats.labels.label_columns import as_seeds
from udviz.stats.ranking.measured import MeanOver, Measured
from udviz.stats.ranking.measuring import measure
from udviz.vocabulary import MIN_POSITIVES

BEFORE, AFTER, TEACHER = "before", "after", "teacher"


@dataclass(frozen=True, kw_only=True)
class MeanGapClosed:
    """Gap closed in mean average precision.

    Attributes:
        gap: Teacher minus before in mean AP.
        gain: After minus before in mean AP.
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
    """Part of the gap between a model and its teacher that the model after it closes.

    Attributes:
        table: One row per label in column order: ``gap``, ``gain``, ``closed``, ``closed_low``,
            ``closed_high``, ``bounded``, as in :class:`MeanGapClosed`.
        mean: The same for mean AP over all labels that have a positive and a negative.
        mean_supported: The same over the supported labels.
    """

    table: pd.DataFrame
    mean: MeanGapClosed
    mean_supported: MeanGapClosed


def gap_closed(
    before_scores: np.ndarray | Sequence[np.ndarray],
    after_scores: np.ndarray | Sequence[np.ndarray],
    teacher_scores: np.ndarray | Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    confidence: float = 0.95,
    min_positives: int = MIN_POSITIVES,
) -> GapClosed:
    """(after - before) / (teacher - before) in average precision, with intervals.

    Args:
        before_scores: (N, L) floats, or a list of them, one per training seed.
        after_scores: The same for the model after, paired by seed.
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
    lists = {BEFORE: before_scores, AFTER: after_scores, TEACHER: teacher_scores}
    models = {name: dict(enumerate(as_seeds(scores))) for name, scores in lists.items()}
    n_seeds = max(len(runs) for runs in models.values())
    if {len(runs) for runs in models.values()} - {1, n_seeds}:
        raise ValueError(
            f"Seeds must be paired, got {[len(runs) for runs in models.values()]} seeds. "
            "Pass as many of each, or a single one that stands for all."
        )
    fixed = frozenset(name for name, runs in models.items() if len(runs) < n_seeds)
    measured = measure(models, targets, min_positives=min_positives, fixed=fixed)
    return GapClosed(
        table=gap_table(measured, BEFORE, AFTER, TEACHER, confidence=confidence),
        mean=_mean(measured, confidence=confidence, over="all"),
        mean_supported=_mean(measured, confidence=confidence, over="supported"),
    )


def gap_table(
    measured: Measured, before: str, after: str, teacher: str, *, confidence: float = 0.95
) -> pd.DataFrame:
    """The table of `GapClosed` from three of the models that were measured."""
    gain, gap, rest = (measured.contrast(weights) for weights in _contrasts(before, after, teacher))
    return _ratio(gain, gap, rest, confidence=confidence)


def teacher_gap(
    measured: Measured, before: str, teacher: str, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Columns ``gap`` and ``bounded`` of `gap_table`, where there is no model after yet."""
    gap = measured.contrast({before: -1.0, teacher: 1.0})
    error = standard_error(gap)
    with np.errstate(invalid="ignore"):  # fewer than 2 positives: unknown
        bounded = np.abs(gap.mean) > error.se * t_quantile(confidence, error.df)
    return pd.DataFrame({"gap": gap.mean, "bounded": bounded})


def _contrasts(before: str, after: str, teacher: str) -> list[dict[str, float]]:
    """Gain, gap, and gain minus gap; each names all three, so that they pair the same seeds."""
    return [
        {before: -1.0, after: 1.0, teacher: 0.0},
        {before: -1.0, after: 0.0, teacher: 1.0},
        {before: 0.0, after: 1.0, teacher: -1.0},
    ]


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
            "closed_low": low,
            "closed_high": high,
            "bounded": bounded,
        }
    )


def _mean(measured: Measured, *, confidence: float, over: MeanOver) -> MeanGapClosed:
    gain, gap, rest = (
        measured.mean_contrast(weights, over=over) for weights in _contrasts(BEFORE, AFTER, TEACHER)
    )
    row = _ratio(gain, gap, rest, confidence=confidence).iloc[0]
    return MeanGapClosed(
        gap=float(row["gap"]),
        gain=float(row["gain"]),
        closed=float(row["closed"]),
        low=float(row["closed_low"]),
        high=float(row["closed_high"]),
        bounded=bool(row["bounded"]),
        n_labels=int(measured.in_mean(over=over).sum()),
    )
