"""Did a change help a label? Paired gain in average precision, with evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from udviz.checks import check_at_least, check_choice
from udviz.stats.average_precision.measure import Measured, measure
from udviz.stats.inference.intervals import normal_quantile, t_quantile
from udviz.stats.inference.scores import (
    BoundedScore,
    difference_interval,
    difference_p,
    score_interval,
)
from udviz.stats.inference.seeds import Spread, StandardError, standard_error
from udviz.stats.labels.label_columns import as_seeds
from udviz.vocabulary import MIN_POSITIVES

MIN_TESTED = 5  # positives; fewer decide nothing, and testing them costs the others power
Correction = Literal["bh", "by"]
HELPED, HURT, CANNOT_TELL = "helped", "hurt", "cannot tell"


@dataclass(frozen=True, kw_only=True)
class MeanGain:
    """Gain in mean average precision; its interval respects that labels share images.

    Attributes:
        gain: Mean over labels; NaN if no label takes part.
        se: Standard error.
        low: Lower end of the interval.
        high: Upper end of the interval.
        p: Two-sided p-value of no gain.
        n_labels: Labels in the mean.
        seed_sd: Standard deviation between seeds; NaN with one seed.
        includes_seed_variance: Whether the interval covers training again with another seed.
    """

    gain: float
    se: float
    low: float
    high: float
    p: float
    n_labels: int
    seed_sd: float
    includes_seed_variance: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelGains:
    """Gain of a distilled model over its baseline.

    Attributes:
        table: One row per label in column order. ``positives``; ``ap_baseline``,
            ``ap_baseline_low``, ``ap_baseline_high`` and the same of ``ap_distilled``: means over
            seeds with intervals; ``gain``: their difference; ``se``, ``low``, ``high``: its
            standard error and interval, NaN below 2 positives; ``p``: two-sided p-value of no gain;
            ``q``: the p-value corrected for looking at all labels with at least ``MIN_TESTED``
            positives, NaN for the others; ``verdict``: *helped* or *hurt* where ``q`` is at most
            1 - confidence, else *cannot tell*; ``images_to_decide``: test
            images that would find a gain of the size seen with 80 % power (infinite where only
            more seeds can); ``supported``: at least ``min_positives`` positives.
        mean_gain: Gain in mean AP over all labels that have a positive.
        mean_gain_supported: The same over the supported labels.
        correction: ``bh`` (Benjamini-Hochberg) or ``by`` (Benjamini-Yekutieli).
        includes_seed_variance: Whether intervals cover training again with another seed. False
            with one seed: then they speak about these two trained models only.
    """

    table: pd.DataFrame
    mean_gain: MeanGain
    mean_gain_supported: MeanGain
    correction: Correction
    includes_seed_variance: bool


def label_gains(
    baseline_scores: np.ndarray | Sequence[np.ndarray],
    distilled_scores: np.ndarray | Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    confidence: float = 0.95,
    correction: Correction = "bh",
    min_positives: int = MIN_POSITIVES,
    images: np.ndarray | None = None,
) -> LabelGains:
    """Gain in average precision of every label, with interval, p, q and verdict.

    Args:
        baseline_scores: (N, L) floats, or a list of them, one per training seed.
        distilled_scores: The same for the distilled model, paired with the baseline by seed.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        confidence: Coverage of the intervals in (0, 1); verdicts hold the false discovery rate
            at 1 - confidence.
        correction: ``bh`` holds that rate for independent or positively dependent labels, ``by``
            under any dependence.
        min_positives: From how many positives on a label counts as supported.
        images: Image indices to use; all if None.

    Returns:
        One row per label, and the gain in mean AP.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If seeds are not paired, shapes differ, a score is NaN or infinite, or a target
            is none of 1, 0, -1.
    """
    check_choice(correction, get_args(Correction), name="correction")
    check_at_least(min_positives, 0, name="min_positives")
    baseline, distilled = as_seeds(baseline_scores), as_seeds(distilled_scores)
    if len(baseline) != len(distilled):
        raise ValueError(
            "`baseline_scores` and `distilled_scores` must be paired by seed, "
            f"got {len(baseline)} and {len(distilled)} seeds. Pass as many of one as of the other."
        )
    measured = measure([baseline, distilled], targets, min_positives=min_positives, images=images)
    return LabelGains(
        table=_table(measured, confidence=confidence, correction=correction),
        mean_gain=_mean_gain(measured, confidence=confidence, supported=False),
        mean_gain_supported=_mean_gain(measured, confidence=confidence, supported=True),
        correction=correction,
        includes_seed_variance=measured.n_seeds > 1,
    )


def corrected(p: np.ndarray, *, correction: Correction) -> np.ndarray:
    """q-values of the labels that have a p-value; NaN stays NaN and is not counted as a test."""
    q = np.full_like(p, np.nan)
    tested = np.isfinite(p)
    if tested.any():
        q[tested] = stats.false_discovery_control(p[tested], method=correction)
    return q


def verdicts(gain: np.ndarray, q: np.ndarray, *, level: float) -> list[str]:
    """*helped*, *hurt* or *cannot tell* per label; NaN is *cannot tell*."""
    direction = np.where(gain > 0, HELPED, HURT)
    decided = (q <= level) & (gain != 0)
    return [str(verdict) for verdict in np.where(decided, direction, CANNOT_TELL)]


def images_to_decide(
    gain: np.ndarray,
    error: StandardError,
    *,
    n_images: np.ndarray,
    confidence: float = 0.95,
    power: float = 0.8,
) -> np.ndarray:
    """Test images needed to tell a true gain of this size from 0, for one label on its own.

    The images' part of the variance shrinks as 1 / images, the seeds' part does not.

    Args:
        gain: (L,) gain assumed true.
        error: Its variance at ``n_images``.
        n_images: (L,) images it was measured on.
        confidence: Of the two-sided test, in (0, 1).
        power: Chance of deciding, in (0, 1).

    Returns:
        (L,) images, rounded up; infinite where the gain is 0 or only more seeds can decide; NaN
        where the variance is unknown (fewer than 2 positives).
    """
    needed = normal_quantile(confidence) + stats.norm.ppf(power)
    room = (gain / needed) ** 2 - error.seed_variance
    with np.errstate(invalid="ignore", divide="ignore"):
        images = np.where(room > 0, np.ceil(n_images * error.image_variance / room), np.inf)
    return np.where(np.isfinite(gain) & (error.df > 0), images, np.nan)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Difference:
    """Second score minus first with interval and p-value, per label or as a single mean."""

    value: np.ndarray
    error: StandardError
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


def _difference(
    first: Spread, second: Spread, change: Spread, *, n: np.ndarray, confidence: float
) -> _Difference:
    error = standard_error(change)
    pair = (_bounded(first, n), _bounded(second, n))
    low, high = difference_interval(*pair, se=error.se, quantile=t_quantile(confidence, error.df))
    p = difference_p(*pair, se=error.se, df=error.df)
    return _Difference(value=change.mean, error=error, low=low, high=high, p=p)


def _bounded(spread: Spread, n: np.ndarray) -> BoundedScore:
    return BoundedScore(value=spread.mean, se=standard_error(spread).se, n=n)


def _table(measured: Measured, *, confidence: float, correction: Correction) -> pd.DataFrame:
    baseline, distilled = measured.contrast(1, 0), measured.contrast(0, 1)
    gain = _difference(
        baseline, distilled, measured.contrast(-1, 1), n=measured.positives, confidence=confidence
    )
    tested = np.where(measured.positives >= MIN_TESTED, gain.p, np.nan)
    q = corrected(tested, correction=correction)
    columns: dict[str, object] = {"positives": measured.positives}
    for name, spread in (("ap_baseline", baseline), ("ap_distilled", distilled)):
        quantile = t_quantile(confidence, standard_error(spread).df)
        low, high = score_interval(_bounded(spread, measured.positives), quantile)
        columns |= {name: spread.mean, f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(
        columns
        | {
            "gain": gain.value,
            "se": gain.error.se,
            "low": gain.low,
            "high": gain.high,
            "p": gain.p,
            "q": q,
            "verdict": verdicts(gain.value, q, level=1 - confidence),
            "images_to_decide": images_to_decide(
                gain.value, gain.error, n_images=measured.known, confidence=confidence
            ),
            "supported": measured.supported,
        }
    )


def _mean_gain(measured: Measured, *, confidence: float, supported: bool) -> MeanGain:
    chosen = measured.in_mean(supported=supported)
    first, second, change = (
        measured.mean_contrast(*weights, supported=supported)
        for weights in ((1, 0), (0, 1), (-1, 1))
    )
    n = measured.positives[chosen].sum(keepdims=True)
    mean = _difference(first, second, change, n=n, confidence=confidence)
    return MeanGain(
        gain=float(mean.value[0]),
        se=float(mean.error.se[0]),
        low=float(mean.low[0]),
        high=float(mean.high[0]),
        p=float(mean.p[0]),
        n_labels=int(chosen.sum()),
        seed_sd=float(np.sqrt(change.seed_variance[0])),
        includes_seed_variance=change.n_seeds > 1,
    )
