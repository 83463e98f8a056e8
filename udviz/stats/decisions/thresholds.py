"""One decision threshold per label, chosen on validation and then left alone."""

import math
from dataclasses import dataclass

import numpy as np

from udviz.stats.calibration.sorted_probs import SortedProbs, sorted_probs
from udviz.stats.labels.label_columns import label_columns
from udviz.vocabulary import MIN_POSITIVES


@dataclass(frozen=True, eq=False, kw_only=True)
class Thresholds:
    """Thresholds chosen on one split, to be used unchanged on another.

    Attributes:
        values: (L,) thresholds in the unit of the scores; read-only.
        chosen: (L,) bool; False where too few positives left the fallback in place.
        f1: (L,) F1 on the split they were chosen on, so too good to report; NaN where not chosen.
    """

    values: np.ndarray
    chosen: np.ndarray
    f1: np.ndarray


def choose_thresholds(
    scores: np.ndarray,
    targets: np.ndarray,
    *,
    fallback: float,
    min_positives: int = MIN_POSITIVES,
    labels: range | None = None,
) -> Thresholds:
    """Choose for every label the threshold with the best F1.

    The best threshold lies between a positive's score and the next lower score; their midpoint
    is taken. Among equally good ones the highest wins.

    Args:
        scores: (N, L) floats of the validation split; higher means more likely present.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        fallback: Threshold of labels with fewer than ``min_positives`` positives: 0 for logits,
            0.5 for probabilities.
        min_positives: From how many positives on a threshold is chosen; at least 1.
        labels: Columns to choose for, the others are left at ``fallback``; all if None.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes differ, a score is NaN or infinite, or a target is none of 1, 0, -1.

    Example:
        >>> logits = np.array([[-2.0], [-1.0], [1.0], [3.0]])
        >>> targets = np.array([[0], [1], [0], [1]])
        >>> choose_thresholds(logits, targets, fallback=0.0, min_positives=2).values
        array([-1.5])
    """
    n_labels = targets.shape[1]
    values = np.full(n_labels, float(fallback))
    chosen = np.zeros(n_labels, dtype=bool)
    f1 = np.full(n_labels, np.nan)
    for column in label_columns([scores], targets, labels=labels):
        if np.count_nonzero(column.positive) >= max(1, min_positives):
            label = column.label
            chosen[label] = True
            values[label], f1[label] = best_threshold(
                sorted_probs(column.scores[0], column.positive)
            )
    values.flags.writeable = False
    return Thresholds(values=values, chosen=chosen, f1=f1)


def threshold_at_recall(present: np.ndarray, recall: float) -> np.floating:
    """The highest of the (P,) scores of present images that reaches ``recall``, in (0, 1)."""
    n_called = math.ceil(recall * present.size - 1e-9)  # 0.07 * 100 is 7.000000000000001
    cut: np.floating = np.partition(present, -n_called)[-n_called]
    return cut


def best_threshold(scores: SortedProbs) -> tuple[float, float]:
    """Threshold of one label with the best F1, and that F1; it has at least one positive."""
    candidates, absent = scores.present, scores.absent
    own = np.searchsorted(candidates, candidates, side="left")
    others = np.searchsorted(absent, candidates, side="left")
    first = own + others  # images that score lower than each candidate
    correct = candidates.size - own
    f1 = 2 * correct / (scores.size - first + candidates.size)
    best = int(np.flatnonzero(f1 == f1.max())[-1])
    threshold = float(candidates[best])
    if first[best] > 0:
        below = [v[n - 1] for v, n in ((candidates, own[best]), (absent, others[best])) if n]
        midpoint = (threshold + float(max(below))) / 2
        # in the scores' own precision the midpoint of neighbours may round down to the lower one
        if candidates.dtype.type(midpoint) > max(below):
            threshold = midpoint
    return threshold, float(f1[best])
