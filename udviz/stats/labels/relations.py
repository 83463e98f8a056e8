"""How labels go together: in the truth, and in a model's false positives."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import check_finite, check_same_shape, check_targets
from udviz.stats.inference.intervals import risk_ratio_interval
from udviz.stats.labels.label_columns import row_blocks


@dataclass(frozen=True, eq=False, kw_only=True)
class CoOccurrence:
    """How often labels are present together. Row = given label A, column = other label B.

    Attributes:
        together: (L, L) images that carry both; the diagonal is each label's own count.
        conditional: (L, L) P(B present | A present) where B is known; NaN if A is never present.
        lift: (L, L) ``conditional`` over P(B present) among all images where A and B are known: 1
            if unrelated; NaN where undefined.
    """

    together: np.ndarray
    conditional: np.ndarray
    lift: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class ConfusionLift:
    """When A is present and B is not, does the model see B more often? Row = A, column = B.

    Attributes:
        false_positives: (L, L) images with A present and B absent where B is predicted.
        chances: (L, L) images with A present and B absent.
        rate: (L, L) their ratio; NaN without chances.
        rate_without: (L, L) false-positive rate of B where A and B are both absent.
        lift: (L, L) ``rate`` over ``rate_without``; 1 if A does not matter; half an image is added
            to both counts, so that it stays finite. NaN on the diagonal and without chances.
        low: (L, L) lower end of the lift's interval.
        high: (L, L) upper end.
    """

    false_positives: np.ndarray
    chances: np.ndarray
    rate: np.ndarray
    rate_without: np.ndarray
    lift: np.ndarray
    low: np.ndarray
    high: np.ndarray


def co_occurrence(targets: np.ndarray) -> CoOccurrence:
    """Count how often every pair of labels is present together.

    Args:
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown. A pair is counted on the
            images where both targets are known.

    Raises:
        ValueError: If a target is none of 1, 0, -1.
    """
    n_labels = targets.shape[-1]
    together, with_a, known = np.zeros((3, n_labels, n_labels))
    for rows in row_blocks(targets):
        block = np.ascontiguousarray(targets[rows])
        check_targets(block)
        present, is_known = _indicator(block == 1), _indicator(block != -1)
        together += present.T @ present
        with_a += present.T @ is_known  # A present, B known
        known += is_known.T @ is_known
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: no such image
        conditional = together / with_a
        lift = conditional / (with_a.T / known)
    return CoOccurrence(together=together.astype(np.int64), conditional=conditional, lift=lift)


def confusion_lift(
    scores: np.ndarray,
    targets: np.ndarray,
    *,
    thresholds: float | np.ndarray,
    confidence: float = 0.95,
) -> ConfusionLift:
    """Find the labels whose presence makes a model see another one that is not there.

    Args:
        scores: (N, L) floats; higher means more likely present.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (the pair is left out).
        thresholds: One threshold or (L,) of them, in the unit of the scores, at or above which a
            label counts as predicted.
        confidence: Coverage of the intervals in (0, 1), each pair on its own.

    Raises:
        ValueError: If shapes differ, a score is NaN or infinite, or a target is none of 1, 0, -1.

    Source:
        Interval of a ratio of two rates: Katz et al. (1978), on the log scale, with 1/2 added
        to the counts (Walter 1975).
    """
    check_same_shape(scores, targets, names=("scores", "targets"))
    n_labels = targets.shape[-1]
    alarms, chances, alarms_without, chances_without = np.zeros((4, n_labels, n_labels))
    for rows in row_blocks(targets):
        block, score = np.ascontiguousarray(targets[rows]), np.ascontiguousarray(scores[rows])
        check_targets(block)
        check_finite(score, name="scores")
        present, absent = _indicator(block == 1), _indicator(block == 0)
        false_positive = _indicator((block == 0) & (score >= thresholds))
        alarms += present.T @ false_positive
        chances += present.T @ absent
        alarms_without += absent.T @ false_positive
        chances_without += absent.T @ absent
    lift, low, high = risk_ratio_interval(
        alarms, chances, alarms_without, chances_without, confidence=confidence
    )
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: no such image
        rate, rate_without = alarms / chances, alarms_without / chances_without
    return ConfusionLift(
        false_positives=alarms.astype(np.int64),
        chances=chances.astype(np.int64),
        rate=rate,
        rate_without=rate_without,
        lift=lift,
        low=low,
        high=high,
    )


def top_partners(confusion: ConfusionLift, *, per_label: int = 3) -> pd.DataFrame:
    """The labels that set off each label's false positives, surest first.

    Args:
        confusion: What :func:`confusion_lift` found.
        per_label: Most partners to name for each label.

    Returns:
        One row per pair whose interval lies above 1: ``column`` (the label B wrongly seen),
        ``partner`` (the label A present), ``false_positives``, ``chances``, ``rate``,
        ``rate_without``, ``lift``, ``low``, ``high``; by column, then falling ``low``.
    """
    partner, column = np.nonzero(confusion.low > 1)
    names = ("false_positives", "chances", "rate", "rate_without", "lift", "low", "high")
    table = pd.DataFrame(
        {"column": column, "partner": partner}
        | {name: getattr(confusion, name)[partner, column] for name in names}
    ).sort_values(["column", "low"], ascending=[True, False], ignore_index=True)
    return table.groupby("column").head(per_label).reset_index(drop=True)


def _indicator(condition: np.ndarray) -> np.ndarray:
    """0 or 1 as float32: products of a block's counts stay exact and use the fast multiply."""
    return condition.astype(np.float32)
