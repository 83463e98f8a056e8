"""Precision-recall curves, thinned for drawing without moving their area."""

from dataclasses import dataclass

import numpy as np

from udviz.checks import check_at_least
from udviz.stats.labels.label_columns import label_columns


@dataclass(frozen=True, eq=False, kw_only=True)
class PrecisionRecallCurve:
    """Precision-recall curve of one label as steps: precision k holds from recall k - 1 to k.

    Attributes:
        recall: (K,) ascending in (0, 1], ends at 1.
        precision: (K,) in [0, 1]. In a thinned curve the mean over the steps that were joined, so
            that ``area`` stays the average precision exactly.
        threshold: (K,) score at which the recall is reached, descending.
    """

    recall: np.ndarray
    precision: np.ndarray
    threshold: np.ndarray

    @property
    def area(self) -> float:
        """Area under the steps: the average precision."""
        return float(np.diff(self.recall, prepend=0.0) @ self.precision)


def precision_recall_curve(
    scores: np.ndarray, targets: np.ndarray, *, max_points: int = 200
) -> PrecisionRecallCurve:
    """Precision-recall curve of one label in at most ``max_points`` steps.

    Args:
        scores: (N,) floats; higher means more likely present.
        targets: (N,) ground truth: 1 present, 0 absent, -1 unknown (left out).
        max_points: Most steps to return. Steps next to each other are joined, each join taking
            an equal share of recall.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes differ, a score is NaN or infinite, a target is none of 1, 0, -1,
            no image carries the label or ``max_points`` < 1.
    """
    check_at_least(max_points, 1, name="max_points")
    (column,) = label_columns([scores[:, None]], targets[:, None])
    thresholds, multiplicity = np.unique(column.scores[0][column.positive], return_counts=True)
    if thresholds.size == 0:
        raise ValueError("`targets` must hold at least one 1, got none. Choose another label.")
    n_images = column.positive.size - np.searchsorted(np.sort(column.scores[0]), thresholds)
    thresholds, n_images = thresholds[::-1], n_images[::-1]
    n_correct = np.cumsum(multiplicity[::-1])
    recall = n_correct / n_correct[-1]
    area = np.cumsum(np.diff(recall, prepend=0.0) * n_correct / n_images)
    cell = np.ceil(recall * max_points - 1e-9).astype(int)
    last = np.flatnonzero(np.diff(cell, append=max_points + 1))  # last step of each cell of recall
    width = np.diff(recall[last], prepend=0.0)
    return PrecisionRecallCurve(
        recall=recall[last],
        precision=np.diff(area[last], prepend=0.0) / width,
        threshold=thresholds[last].astype(float),
    )
