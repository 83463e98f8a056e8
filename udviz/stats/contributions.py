"""Which images made the difference between two models on one label."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.checks import check_matrix
from udviz.stats.columns import as_seeds, label_columns
from udviz.stats.influence import count_at_or_below


def image_contributions(
    baseline_scores: np.ndarray | Sequence[np.ndarray],
    distilled_scores: np.ndarray | Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    label: int,
) -> pd.DataFrame:
    """Share every image has in one label's gain; the shares sum to the gain exactly.

    What average precision lacks to 1 is lost in pairs: a negative scoring at or above positive i
    costs 1 / (P R_i), with P positives and R_i images at or above i. Half of a pair's loss is
    charged to the positive that was passed, half to the negative that passed it. A contribution is
    the loss under the baseline minus the loss under the distilled model: positive where the image
    helped the distilled model.

    Args:
        baseline_scores: (N, L) floats, or a list of them, one per training seed (averaged).
        distilled_scores: The same for the distilled model.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        label: Column index in [0, L).

    Returns:
        One row per image whose target is known, most helpful first: ``image`` (index in [0, N)),
        ``present``, ``contribution``, ``rank_baseline``, ``rank_distilled`` (1 + images that
        score higher, mean over seeds).

    Raises:
        IndexError: If ``label`` leaves [0, L).
        ValueError: If shapes differ, a score is NaN or infinite, a target is none of 1, 0, -1, or
            no image carries the label.
    """
    check_matrix(targets, name="targets")
    if not 0 <= label < targets.shape[1]:
        raise IndexError(f"`label` must lie in [0, {targets.shape[1]}), got {label}.")
    baseline, distilled = as_seeds(baseline_scores), as_seeds(distilled_scores)
    one = slice(label, label + 1)
    score_sets = [scores[:, one] for scores in (*baseline, *distilled)]
    (column,) = label_columns(score_sets, targets[:, one])
    if not column.positive.any():
        raise ValueError("`targets` must hold at least one 1 in this column. Choose another label.")
    losses = np.stack([_loss(scores, column.positive) for scores in column.scores])
    ranks = np.stack([_rank(scores) for scores in column.scores])
    n_baseline = len(baseline)
    known = np.arange(len(targets)) if column.known is None else column.known
    return pd.DataFrame(
        {
            "image": known,
            "present": column.positive,
            "contribution": losses[:n_baseline].mean(axis=0) - losses[n_baseline:].mean(axis=0),
            "rank_baseline": ranks[:n_baseline].mean(axis=0),
            "rank_distilled": ranks[n_baseline:].mean(axis=0),
        }
    ).sort_values("contribution", ascending=False, kind="stable", ignore_index=True)


def _loss(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """(n,) each image's share of 1 - AP."""
    thresholds = np.sort(scores[positive])
    n_images = scores.size - np.searchsorted(np.sort(scores), thresholds, side="left")  # R_i
    n_present = thresholds.size - np.searchsorted(thresholds, thresholds, side="left")  # T_i
    reached = count_at_or_below(thresholds, scores)
    as_negative = np.concatenate([[0.0], np.cumsum(1 / n_images)])[reached]
    as_positive = np.concatenate([[0.0], 1 - n_present / n_images])[reached]
    loss: np.ndarray = np.where(positive, as_positive, as_negative) / (2 * thresholds.size)
    return loss


def _rank(scores: np.ndarray) -> np.ndarray:
    order = np.argsort(scores)
    ordered = scores[order]
    rank = np.empty(scores.size, dtype=np.int64)
    rank[order] = 1 + scores.size - np.searchsorted(ordered, ordered, side="right")
    return rank
