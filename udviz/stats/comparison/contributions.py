"""Which images made the difference between two models on one label."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.checks import check_at_least, check_matrix
from udviz.stats.labels.label_columns import as_seeds, label_columns
from udviz.stats.ranking.influence import count_at_or_below


def image_contributions(
    baseline_scores: np.ndarray | Sequence[np.ndarray],
    distilled_scores: np.ndarray | Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    label: int,
    most: int | None = None,
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
        most: Rows to return from either end, for many images; all if None.

    Returns:
        One row per image whose target is known, most helpful first: ``image`` (index in [0, N)),
        ``present``, ``contribution``, ``rank_baseline``, ``rank_distilled`` (1 + images that
        score higher, mean over seeds).

    Raises:
        IndexError: If ``label`` leaves [0, L).
        ValueError: If shapes differ, a score is NaN or infinite, a target is none of 1, 0, -1, or
            no image carries the label, or ``most`` < 1.
    """
    check_at_least(1 if most is None else most, 1, name="most")
    check_matrix(targets, name="targets")
    if not 0 <= label < targets.shape[1]:
        raise IndexError(f"`label` must lie in [0, {targets.shape[1]}), got {label}.")
    baseline, distilled = as_seeds(baseline_scores), as_seeds(distilled_scores)
    one = slice(label, label + 1)
    score_sets = [scores[:, one] for scores in (*baseline, *distilled)]
    (column,) = label_columns(score_sets, targets[:, one])
    if not column.positive.any():
        raise ValueError("`targets` must hold at least one 1 in this column. Choose another label.")
    losses = [_loss(scores, column.positive) for scores in column.scores]
    n_baseline = len(baseline)
    gained = np.mean(losses[:n_baseline], axis=0) - np.mean(losses[n_baseline:], axis=0)
    rows = _from_ends(gained, most)
    ranks = [_rank(scores, rows) for scores in column.scores]
    known = np.arange(len(targets)) if column.known is None else column.known
    return pd.DataFrame(
        {
            "image": known[rows],
            "present": column.positive[rows],
            "contribution": gained[rows],
            "rank_baseline": np.mean(ranks[:n_baseline], axis=0),
            "rank_distilled": np.mean(ranks[n_baseline:], axis=0),
        }
    )


def _from_ends(values: np.ndarray, most: int | None) -> np.ndarray:
    """Positions of the largest and the smallest values, descending, equal ones in order."""
    rows = np.arange(values.size)
    if most is not None and 2 * most < values.size:
        ordered = np.partition(values, [most - 1, values.size - most])
        low, high = ordered[most - 1], ordered[values.size - most]
        rows = np.flatnonzero((values <= low) | (values >= high))
    rows = rows[np.argsort(-values[rows], kind="stable")]
    return rows if most is None or 2 * most >= rows.size else np.r_[rows[:most], rows[-most:]]


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


def _rank(scores: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """1 + images that score higher than each of ``rows``."""
    rank: np.ndarray = 1 + scores.size - np.searchsorted(np.sort(scores), scores[rows], "right")
    return rank
