"""Example images of one label: errors and uncertain ones, in the order to look at them.

Every function takes (N,) arrays of one label and returns image indices in [0, N), the clearest
example first and ties in image order. Images whose target is unknown are never chosen.
"""

import numpy as np

from udviz.checks import check_at_least
from udviz.stats.decisions.confusion import calls
from udviz.stats.labels.label_columns import label_columns


def most_uncertain(uncertainty: np.ndarray, targets: np.ndarray, *, most: int) -> np.ndarray:
    """Images about which a model is least sure, whether it is right or wrong.

    Args:
        uncertainty: (N,) floats, higher means less sure.
        targets: (N,) ground truth: 1 present, 0 absent, -1 unknown.
        most: Most images to return.

    Raises:
        TypeError: If ``uncertainty`` is no floating-point numpy array.
        ValueError: If shapes differ, a value is NaN or infinite, a target is none of 1, 0, -1, or
            ``most`` < 1.
    """
    check_at_least(most, 1, name="most")
    images, _, (value,) = _known([uncertainty], targets)
    return images[np.argsort(-value, kind="stable")[:most]]


def false_positives(scores: np.ndarray, targets: np.ndarray, *, threshold: float) -> np.ndarray:
    """Images without the label that are predicted to carry it, the most confident first.

    Args:
        scores: (N,) floats; higher means more likely present.
        targets: (N,) ground truth: 1 present, 0 absent, -1 unknown.
        threshold: In the unit of the scores; present from the threshold on.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes differ, a score is NaN or infinite, a target is none of 1, 0, -1, or
            the threshold is NaN.
    """
    images, present, (score,) = _known([scores], targets)
    wrong = np.flatnonzero(calls(score, threshold) & ~present)
    return images[wrong[np.argsort(-score[wrong], kind="stable")]]


def false_negatives(scores: np.ndarray, targets: np.ndarray, *, threshold: float) -> np.ndarray:
    """Images with the label that are predicted not to carry it, the most confident first.

    Args and errors are those of ``false_positives``.
    """
    images, present, (score,) = _known([scores], targets)
    wrong = np.flatnonzero(~calls(score, threshold) & present)
    return images[wrong[np.argsort(score[wrong], kind="stable")]]


def right_where_other_is_wrong(
    scores: np.ndarray,
    other_scores: np.ndarray,
    targets: np.ndarray,
    *,
    threshold: float,
    other_threshold: float,
) -> np.ndarray:
    """Images that one model decides rightly and another wrongly, the largest difference first.

    The difference is that of the scores, in the direction of the truth.

    Args:
        scores: (N,) floats of the model that is right, e.g. probabilities.
        other_scores: (N,) floats of the model that is wrong, in the same unit.
        targets: (N,) ground truth: 1 present, 0 absent, -1 unknown.
        threshold: Of the first model; present from the threshold on.
        other_threshold: Of the other model.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes differ, a score is NaN or infinite, a target is none of 1, 0, -1, or
            a threshold is NaN.
    """
    images, present, (score, other) = _known([scores, other_scores], targets)
    right = calls(score, threshold) == present
    chosen = np.flatnonzero(right & (calls(other, other_threshold) != present))
    lead = np.where(present, 1, -1)[chosen] * (score[chosen] - other[chosen])
    return images[chosen[np.argsort(-lead, kind="stable")]]


def _known(
    score_sets: list[np.ndarray], targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Indices (n,) of the images whose target is known, (n,) bool presence, (n,) scores each."""
    (column,) = label_columns([scores[:, None] for scores in score_sets], targets[:, None])
    images = np.arange(targets.size) if column.known is None else column.known
    return images, column.positive, column.scores
