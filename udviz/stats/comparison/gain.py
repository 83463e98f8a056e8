"""Did a change help a label? Paired gain in average precision, with evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from udviz.checks import check_at_least, check_choice
from udviz.stats.comparison.verdicts import verdicts
from udviz.stats.inference.intervals import t_quantile
from udviz.stats.inference.scores import (
    BoundedScore,
    difference_interval,
    difference_p,
    score_interval,
)
from udviz.stats.inference.seeds import Spread, StandardError, standard_error
from udviz.stats.labels.label_columns import as_seeds
from udviz.stats.ranking.measured import MeanOver, Measured
from udviz.stats.ranking.measuring import measure
from udviz.vocabulary import MIN_POSITIVES

MIN_TESTED = 5  # positives; fewer decide nothing, and testing them costs the others power
Correction = Literal["bh", "by"]
BEFORE, AFTER = "before", "after"


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
    """Gain of one model over another.

    Attributes:
        table: One row per label in column order. ``positives``; ``before_value``,
            ``before_value_low``, ``before_value_high`` and the same of ``after_value``: average
            precision, means over seeds with intervals; ``gain``: their difference; ``se``,
            ``gain_low``, ``gain_high``: its standard error and interval, NaN below 2 positives;
            ``p``: two-sided p-value of no gain; ``q``: the p-value corrected for looking at all
            labels with at least ``MIN_TESTED`` positives, NaN for the others; ``verdict``: *helped*
            or *hurt* where ``q`` is at most 1 - confidence, else *inconclusive*;
            ``detectable_gain``: the smallest gain that these images and seeds would find with 80 %
            power; ``supported``: at least ``min_positives`` positives.
        mean_gain: Gain in mean AP over all labels that have a positive and a negative.
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
    before_scores: np.ndarray | Sequence[np.ndarray],
    after_scores: np.ndarray | Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    confidence: float = 0.95,
    correction: Correction = "bh",
    min_positives: int = MIN_POSITIVES,
    images: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> LabelGains:
    """Gain in average precision of every label, with interval, p, q and verdict.

    Args:
        before_scores: (N, L) floats, or a list of them, one per training seed.
        after_scores: The same for the model after, paired by seed.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        confidence: Coverage of the intervals in (0, 1); verdicts hold the false discovery rate
            at 1 - confidence.
        correction: ``bh`` holds that rate for independent or positively dependent labels, ``by``
            under any dependence.
        min_positives: From how many positives on a label counts as supported.
        images: Image indices to use; all if None.
        groups: (N,) names of groups of images that are alike (frames of a film, crops of a photo):
            intervals then take groups for independent, not images. None if each image is its own.

    Returns:
        One row per label, and the gain in mean AP.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If seeds are not paired, shapes differ, a score is NaN or infinite, or a target
            is none of 1, 0, -1.

    Example:
        >>> targets = np.tile([[1], [0], [0], [0]], (40, 1))
        >>> noise = np.random.default_rng(0).normal(size=targets.shape)
        >>> gains = label_gains(targets + noise, 3.0 * targets + noise, targets)
        >>> gains.table[["positives", "gain", "verdict"]].round(2)
           positives  gain verdict
        0         40  0.46  helped
    """
    check_choice(correction, get_args(Correction), name="correction")
    check_at_least(min_positives, 0, name="min_positives")
    before, after = as_seeds(before_scores), as_seeds(after_scores)
    if len(before) != len(after):
        raise ValueError(
            "`before_scores` and `after_scores` must be paired by seed, "
            f"got {len(before)} and {len(after)} seeds. Pass as many of one as of the other."
        )
    models = {BEFORE: dict(enumerate(before)), AFTER: dict(enumerate(after))}
    measured = measure(models, targets, min_positives=min_positives, images=images, groups=groups)
    table = gain_table(measured, BEFORE, AFTER, confidence=confidence)
    q = corrected(p_of_tested(table), correction=correction)
    verdict = verdicts(table["gain"].to_numpy(), q, level=1 - confidence)
    return LabelGains(
        table=table.assign(q=q, verdict=verdict),
        mean_gain=_as_mean(mean_gain_row(measured, BEFORE, AFTER, confidence=confidence)),
        mean_gain_supported=_as_mean(
            mean_gain_row(measured, BEFORE, AFTER, confidence=confidence, over="supported")
        ),
        correction=correction,
        includes_seed_variance=len(before) > 1,
    )


def gain_table(
    measured: Measured, before: str, after: str, *, confidence: float = 0.95
) -> pd.DataFrame:
    """The table of `LabelGains` for two of the models that were measured, but for q and verdict.

    Raises:
        ValueError: If the models have no seed in common.
    """
    gain = _compared(measured, before, after, over=None, confidence=confidence)
    return pd.DataFrame(
        {"positives": measured.positives}
        | gain.columns
        | {
            "detectable_gain": detectable_gain(gain.error, confidence=confidence),
            "supported": measured.supported,
        }
    )


def mean_gain_row(
    measured: Measured,
    before: str,
    after: str,
    *,
    confidence: float = 0.95,
    over: MeanOver = "all",
) -> dict[str, float]:
    """Gain in the mean over all labels with a value, or over a part of them.

    Its keys are the columns of `gain_table` without ``supported``, and ``n_labels``, ``seed_sd``
    and ``n_seeds``.
    """
    chosen = measured.in_mean(over=over)
    gain = _compared(measured, before, after, over=over, confidence=confidence)
    columns = gain.columns | {
        "detectable_gain": detectable_gain(gain.error, confidence=confidence),
        "seed_sd": np.sqrt(gain.change.seed_variance),
    }
    return {
        "positives": int(measured.positives[chosen].sum()),
        **{name: values.item() for name, values in columns.items()},
        "n_labels": int(chosen.sum()),
        "n_seeds": gain.change.n_seeds,
    }


def p_of_tested(table: pd.DataFrame) -> np.ndarray:
    """(L,) p-values of the labels with enough positives to be tested; NaN of the others."""
    tested = table["positives"] >= MIN_TESTED
    return np.where(tested, table["p"], np.nan)


def corrected(p: np.ndarray, *, correction: Correction) -> np.ndarray:
    """q-values of the labels that have a p-value; NaN stays NaN and is not counted as a test."""
    q = np.full_like(p, np.nan)
    tested = np.isfinite(p)
    if tested.any():
        q[tested] = stats.false_discovery_control(p[tested], method=correction)
    return q


def detectable_gain(
    error: StandardError, *, confidence: float = 0.95, power: float = 0.8
) -> np.ndarray:
    """Smallest true gain that these images and seeds would tell from 0, for one label on its own.

    It rests on the variance alone and not on the gain that was found, so it says what the split
    could show, whatever it did show.

    Args:
        error: Variance of the gain.
        confidence: Of the two-sided test, in (0, 1).
        power: Chance of deciding, in (0, 1).

    Returns:
        (L,) gains, at most 1: a label where it is 1 can show nothing; NaN where the variance is
        unknown (fewer than 2 positives).

    Source:
        Hoenig and Heisey (2001), "The abuse of power": why not power at the gain that was seen.
    """
    known = error.df > 0
    needed = t_quantile(confidence, error.df) + stats.t.ppf(power, np.where(known, error.df, 1.0))
    return np.where(known, np.minimum(needed * error.se, 1.0), np.nan)


def _compared(
    measured: Measured, before: str, after: str, *, over: MeanOver | None, confidence: float
) -> "_Compared":
    """Both values and their difference, per label, or of a mean unless ``over`` is None."""

    def spread(first: float, second: float) -> Spread:
        weights = {before: first, after: second}
        if over is None:
            return measured.contrast(weights)
        return measured.mean_contrast(weights, over=over)

    if over is None:
        trials = measured.trials
    else:
        trials = measured.trials[measured.in_mean(over=over)].sum(keepdims=True)
    spreads, change = (spread(1.0, 0.0), spread(0.0, 1.0)), spread(-1.0, 1.0)
    errors, error = [standard_error(each) for each in spreads], standard_error(change)
    first, second = (
        BoundedScore(value=each.mean, se=its.se, n=trials)
        for each, its in zip(spreads, errors, strict=True)
    )
    columns: dict[str, np.ndarray] = {}
    for name, score, its in (
        ("before_value", first, errors[0]),
        ("after_value", second, errors[1]),
    ):
        low, high = score_interval(score, t_quantile(confidence, its.df))
        columns |= {name: score.value, f"{name}_low": low, f"{name}_high": high}
    low, high = difference_interval(
        first, second, se=error.se, quantile=t_quantile(confidence, error.df)
    )
    columns |= {
        "gain": change.mean,
        "se": error.se,
        "gain_low": low,
        "gain_high": high,
        "p": difference_p(first, second, se=error.se, df=error.df),
    }
    return _Compared(columns=columns, change=change, error=error)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Compared:
    """Columns of a comparison, and the spread they come from."""

    columns: dict[str, np.ndarray]
    change: Spread
    error: StandardError


def _as_mean(row: dict[str, float]) -> MeanGain:
    return MeanGain(
        gain=row["gain"],
        se=row["se"],
        low=row["gain_low"],
        high=row["gain_high"],
        p=row["p"],
        n_labels=int(row["n_labels"]),
        seed_sd=row["seed_sd"],
        includes_seed_variance=row["n_seeds"] > 1,
    )
