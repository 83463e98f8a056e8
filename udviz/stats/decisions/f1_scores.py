"""Yes-or-no predictions: precision, recall and F1 at a threshold or in the top k."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import check_at_least, check_finite, check_same_shape, check_targets
from udviz.stats.labels.label_columns import label_columns, row_blocks


@dataclass(frozen=True, eq=False, kw_only=True)
class DecisionCounts:
    """How often each label was predicted, present, and both; unknown targets are left out.

    Attributes:
        correct: (L,) images where the label is predicted and present.
        predicted: (L,) images where it is predicted.
        present: (L,) images where it is present.
    """

    correct: np.ndarray
    predicted: np.ndarray
    present: np.ndarray


@dataclass(frozen=True, kw_only=True)
class DecisionSummary:
    """Precision, recall and F1 over all labels; each in [0, 1], higher is better.

    Attributes:
        cp: Mean over labels of precision; a label never predicted counts as 0.
        cr: Mean over labels of recall.
        cf1: Harmonic mean of ``cp`` and ``cr`` (not the mean of the labels' F1).
        op: Precision of all decisions pooled.
        or_: Recall of all decisions pooled.
        of1: Harmonic mean of ``op`` and ``or_``.
        n_labels: Labels in the means: those with at least one positive.
    """

    cp: float
    cr: float
    cf1: float
    op: float
    or_: float
    of1: float
    n_labels: int


def counts_at_thresholds(
    scores: np.ndarray, targets: np.ndarray, *, thresholds: float | np.ndarray
) -> DecisionCounts:
    """Predict a label where its score reaches its threshold.

    Args:
        scores: (N, L) floats; higher means more likely present.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        thresholds: One threshold, or (L,) of them, in the unit of the scores: a probability of
            0.5 is a logit of 0.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes differ, a score or threshold is NaN or infinite, or a target is none
            of 1, 0, -1.
    """
    n_labels = targets.shape[-1]
    per_label = np.asarray(thresholds, dtype=float)
    if per_label.shape not in {(), (n_labels,)}:
        raise ValueError(
            f"`thresholds` must be one number or have shape ({n_labels},), "
            f"got shape {per_label.shape}."
        )
    check_finite(per_label, name="thresholds")
    per_label = np.broadcast_to(per_label, (n_labels,))
    correct, predicted, present = np.zeros((3, n_labels), dtype=np.int64)
    for column in label_columns([scores], targets):
        chosen = column.scores[0] >= per_label[column.label]
        correct[column.label] = np.count_nonzero(chosen & column.positive)
        predicted[column.label] = np.count_nonzero(chosen)
        present[column.label] = np.count_nonzero(column.positive)
    return DecisionCounts(correct=correct, predicted=predicted, present=present)


def counts_in_top(scores: np.ndarray, targets: np.ndarray, *, k: int = 3) -> DecisionCounts:
    """Predict the k labels with the highest scores of each image, whatever the scores.

    Among tied labels the first columns win. A label of unknown target may take one of the k
    places, but is then counted neither as predicted nor as present.

    Args:
        scores: (N, L) floats, comparable between labels.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown.
        k: Labels predicted per image; all L if there are fewer.

    Raises:
        ValueError: If shapes differ, a score is NaN or infinite, a target is none of 1, 0, -1 or
            ``k`` < 1.
    """
    check_same_shape(scores, targets, names=("scores", "targets"))
    check_at_least(k, 1, name="k")
    n_labels = targets.shape[1]
    correct, predicted, present = np.zeros((3, n_labels), dtype=np.int64)
    for rows in row_blocks(targets):
        block, target = np.ascontiguousarray(scores[rows]), np.ascontiguousarray(targets[rows])
        check_finite(block, name="scores")
        check_targets(target)
        chosen = _top(block, min(k, n_labels)) & (target != -1)
        correct += (chosen & (target == 1)).sum(axis=0)
        predicted += chosen.sum(axis=0)
        present += (target == 1).sum(axis=0)
    return DecisionCounts(correct=correct, predicted=predicted, present=present)


def summarise_decisions(counts: DecisionCounts) -> DecisionSummary:
    """CP, CR, CF1 over labels and OP, OR, OF1 over all decisions.

    Source:
        Wu & Zhou (2017), "A Unified View of Multi-Label Performance Measures"; CF1 as harmonic
        mean of the averages as in Chen et al. (2019), "Multi-Label Image Recognition with Graph
        Convolutional Networks", section 4.1.
    """
    usable = counts.present > 0
    if not usable.any():
        return DecisionSummary(
            cp=np.nan, cr=np.nan, cf1=np.nan, op=np.nan, or_=np.nan, of1=np.nan, n_labels=0
        )
    table = label_decisions(counts)[usable]
    cp, cr = float(table["precision"].mean()), float(table["recall"].mean())
    correct = counts.correct.sum()
    op = float(correct / max(1, counts.predicted.sum()))
    or_ = float(correct / counts.present.sum())
    return DecisionSummary(
        cp=cp,
        cr=cr,
        cf1=_harmonic_mean(cp, cr),
        op=op,
        or_=or_,
        of1=_harmonic_mean(op, or_),
        n_labels=int(usable.sum()),
    )


def label_decisions(counts: DecisionCounts) -> pd.DataFrame:
    """One row per label: ``precision`` (0 if never predicted), ``recall``, ``f1``.

    Recall and F1 of a label without positives are NaN.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.DataFrame(
            {
                "precision": counts.correct / np.maximum(1, counts.predicted),
                "recall": np.where(counts.present > 0, counts.correct / counts.present, np.nan),
                "f1": np.where(
                    counts.present > 0,
                    2 * counts.correct / (counts.predicted + counts.present),
                    np.nan,
                ),
            }
        )


def _harmonic_mean(first: float, second: float) -> float:
    return 2 * first * second / (first + second) if first + second > 0 else 0.0


def _top(scores: np.ndarray, k: int) -> np.ndarray:
    """(n, L) bool: the k highest of each row, the first columns among ties."""
    kth = np.partition(scores, -k, axis=1)[:, -k, None]
    above, tied = scores > kth, scores == kth
    places = k - above.sum(axis=1, keepdims=True)
    chosen: np.ndarray = above | (tied & (np.cumsum(tied, axis=1) <= places))
    return chosen
