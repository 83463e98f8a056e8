"""How well each label ranks its images: average precision, AUROC and their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import check_at_least, check_matrix
from udviz.stats.inference.intervals import t_quantile
from udviz.stats.inference.scores import BoundedScore, score_interval
from udviz.stats.inference.seeds import Spread, standard_error
from udviz.stats.labels.label_columns import as_seeds, label_columns
from udviz.stats.ranking.auroc import auroc_of_counts
from udviz.stats.ranking.influence import at_or_above, reaching
from udviz.stats.ranking.measured import MeanOver, Measured
from udviz.stats.ranking.measuring import measure
from udviz.vocabulary import MIN_POSITIVES

MODEL = "model"  # what the one model is called where models have names


@dataclass(frozen=True, kw_only=True)
class MeanPrecision:
    """Mean average precision with its interval, which respects that labels share images.

    Attributes:
        value: Mean AP over labels in [0, 1]; NaN if no label takes part.
        se: Standard error.
        low: Lower end of the interval.
        high: Upper end of the interval.
        n_labels: Labels in the mean.
        seed_sd: Standard deviation between seeds; NaN with one seed.
        includes_seed_variance: Whether the interval covers training again with another seed.
    """

    value: float
    se: float
    low: float
    high: float
    n_labels: int
    seed_sd: float
    includes_seed_variance: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelRanking:
    """Ranking quality of one model, or of one recipe trained with several seeds.

    Attributes:
        table: One row per label in column order. ``positives``, ``known``: images that carry the
            label, and images whose target is known; ``prevalence``: their ratio, which is also
            the AP of random scores; ``ap``: average precision, the mean over seeds, NaN without
            positives or negatives; ``ap_se``, ``ap_low``, ``ap_high``: standard error and
            interval, NaN below 2 positives; ``auroc``: the mean over seeds; ``supported``: whether
            there are at least ``min_positives`` positives (below that, do not trust the number).
        mean_ap: Mean over all labels that have a positive and a negative.
        mean_ap_supported: Mean over the supported labels.
    """

    table: pd.DataFrame
    mean_ap: MeanPrecision
    mean_ap_supported: MeanPrecision


def average_precision(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Non-interpolated average precision of every label; higher is better.

    Only the scores of positives need a place in the ranking: they are sorted as plain numbers, and
    all images are counted into the gaps between them (``influence.reaching``).

    Args:
        scores: (N, L) floats; higher means more likely present. Logits and probabilities give the
            same result. May be a memory map; columns of a Fortran-ordered one are read one by one.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).

    Returns:
        (L,) average precision in [0, 1], equal to scikit-learn's also where scores are tied;
        NaN for a label without positives, or without known absent images: any ranking is perfect.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes differ, a score is NaN or infinite, or a target is none of 1, 0, -1.

    Example:
        >>> scores = np.array([[2.0, -1.0], [0.5, 3.0], [-1.0, 0.0]])
        >>> targets = np.array([[1, 0], [0, 1], [1, 0]])
        >>> average_precision(scores, targets).round(3)
        array([0.833, 1.   ])
    """
    check_matrix(targets, name="targets")
    result = np.full(targets.shape[1], np.nan)
    for column in label_columns([scores], targets):
        thresholds = np.sort(column.scores[0][np.flatnonzero(column.positive)])  # (P,)
        if 0 < thresholds.size < column.positive.size:
            n_images = reaching(thresholds, column.scores[0])
            result[column.label] = (at_or_above(thresholds) / n_images).mean()
    return result


def auroc(
    scores: np.ndarray, targets: np.ndarray, *, images: np.ndarray | None = None
) -> np.ndarray:
    """Area under the ROC curve of every label; 0.5 is chance, higher is better.

    The chance that a random positive scores higher than a random negative; a tie counts half.

    Args:
        scores: (N, L) floats; higher means more likely present.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        images: Image indices to use; all if None.

    Returns:
        (L,) AUROC in [0, 1]; NaN for a label without positives or without negatives.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes differ, a score is NaN or infinite, or a target is none of 1, 0, -1.
    """
    check_matrix(targets, name="targets")
    result = np.full(targets.shape[1], np.nan)
    for column in label_columns([scores], targets, images=images):
        ordered = np.sort(column.scores[0])
        thresholds = column.scores[0][column.positive]
        result[column.label] = auroc_of_counts(
            np.searchsorted(ordered, thresholds, side="left"),
            np.searchsorted(ordered, thresholds, side="right"),
            n_images=ordered.size,
        )
    return result


def label_ranking(
    scores: np.ndarray | Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    min_positives: int = MIN_POSITIVES,
    confidence: float = 0.95,
    images: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> LabelRanking:
    """Score every label with an interval and say which numbers rest on enough positives.

    Args:
        scores: (N, L) floats of one model, or a list of them, one per training seed.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        min_positives: From how many positives on a label counts as supported.
        confidence: Coverage of the intervals in (0, 1).
        images: Image indices to use; all if None.
        groups: (N,) names of groups of images that are alike: intervals then take groups for
            independent, not images. None if each image is its own.

    Returns:
        One row per label and the means over labels.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes differ, a score is NaN or infinite, or a target is none of 1, 0, -1.
    """
    check_at_least(min_positives, 0, name="min_positives")
    seeds = as_seeds(scores)
    runs = dict(enumerate(seeds))
    measured = measure(
        {MODEL: runs}, targets, min_positives=min_positives, images=images, groups=groups
    )
    return LabelRanking(
        table=precision_table(measured, MODEL, confidence=confidence).assign(
            auroc=np.mean([auroc(seed, targets, images=images) for seed in seeds], axis=0),
            supported=measured.supported,
        ),
        mean_ap=mean_precision(measured, MODEL, supported=False, confidence=confidence),
        mean_ap_supported=mean_precision(measured, MODEL, supported=True, confidence=confidence),
    )


def precision_table(measured: Measured, model: str, *, confidence: float = 0.95) -> pd.DataFrame:
    """One row per label of one model: the columns of `LabelRanking.table` up to ``ap_high``."""
    with np.errstate(invalid="ignore"):  # 0 / 0: a label whose targets are all unknown
        prevalence = measured.positives / measured.known
    counts = {"positives": measured.positives, "known": measured.known, "prevalence": prevalence}
    spread = measured.contrast({model: 1.0})
    return pd.DataFrame(
        counts | _with_interval(spread, n=measured.positives, confidence=confidence)
    )


def mean_precision(
    measured: Measured, model: str, *, supported: bool, confidence: float = 0.95
) -> MeanPrecision:
    """Mean AP of one model over all measurable labels, or over the supported ones."""
    over: MeanOver = "supported" if supported else "all"
    chosen = measured.in_mean(over=over)
    spread = measured.mean_contrast({model: 1.0}, over=over)
    n_positives = measured.positives[chosen].sum(keepdims=True)
    mean = _with_interval(spread, n=n_positives, confidence=confidence)
    return MeanPrecision(
        value=float(mean["ap"][0]),
        se=float(mean["ap_se"][0]),
        low=float(mean["ap_low"][0]),
        high=float(mean["ap_high"][0]),
        n_labels=int(chosen.sum()),
        seed_sd=float(np.sqrt(spread.seed_variance[0])),
        includes_seed_variance=spread.n_seeds > 1,
    )


def _with_interval(spread: Spread, *, n: np.ndarray, confidence: float) -> dict[str, np.ndarray]:
    error = standard_error(spread)
    score = BoundedScore(value=spread.mean, se=error.se, n=n)
    low, high = score_interval(score, t_quantile(confidence, error.df))
    return {"ap": spread.mean, "ap_se": error.se, "ap_low": low, "ap_high": high}
