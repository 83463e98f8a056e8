"""Which images made the difference between two models on one label.

What average precision lacks to 1 is lost in pairs: a negative scoring at or above positive i costs
1 / (P R_i), with P positives and R_i images at or above i. Half of a pair's loss is charged to the
positive that was passed, half to the negative that passed it (`influence.RankedScores.loss`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.checks import check_at_least, check_matrix
from udviz.stats.labels.label_columns import as_seeds
from udviz.stats.ranking.influence import reaching
from udviz.stats.ranking.ranked import RankedColumn, ranked_columns


def image_contributions(
    before_scores: np.ndarray | Sequence[np.ndarray],
    after_scores: np.ndarray | Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    label: int,
    most: int | None = None,
) -> pd.DataFrame:
    """Share every image has in one label's gain; the shares sum to the gain exactly.

    A contribution is the loss (see above) of the model before minus that of the model after:
    positive where the image helped the model after.

    Args:
        before_scores: (N, L) floats, or a list of them, one per training seed (averaged).
        after_scores: The same for the model after.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        label: Column index in [0, L).
        most: Rows to return from either end, for many images; all if None.

    Returns:
        One row per image whose target is known, most helpful first: ``image`` (index in [0, N)),
        ``present``, ``contribution``, ``rank_before``, ``rank_after`` (1 + images that score
        higher, mean over seeds).

    Raises:
        IndexError: If ``label`` leaves [0, L).
        ValueError: If shapes differ, a score is NaN or infinite, a target is none of 1, 0, -1, or
            no image carries the label, or ``most`` < 1.
    """
    check_at_least(1 if most is None else most, 1, name="most")
    check_matrix(targets, name="targets")
    if not 0 <= label < targets.shape[1]:
        raise IndexError(f"`label` must lie in [0, {targets.shape[1]}), got {label}.")
    before, after = as_seeds(before_scores), as_seeds(after_scores)
    one = slice(label, label + 1)
    score_sets = [scores[:, one] for scores in (*before, *after)]
    (ranked,) = ranked_columns(score_sets, targets[:, one], losses=True)
    if ranked.loss is None:
        raise ValueError("`targets` must hold at least one 1 in this column. Choose another label.")
    places = np.arange(len(score_sets))
    return pd.DataFrame(
        label_contributions(
            ranked, before=places[: len(before)], after=places[len(before) :], most=most
        )
    )


def label_contributions(
    ranked: RankedColumn, *, before: np.ndarray, after: np.ndarray, most: int | None
) -> dict[str, np.ndarray]:
    """The columns of `image_contributions` from a label that was ranked already, with its losses.

    Args:
        ranked: The label.
        before: Places of the runs before among its score sets.
        after: Places of the runs after.
        most: As in `image_contributions`.

    Raises:
        ValueError: If the label was ranked without losses, or has no positive.
    """
    if ranked.loss is None:
        raise ValueError("`ranked` must hold losses, got none. Rank it with `losses=True`.")
    column = ranked.column
    gained = ranked.loss[before].mean(axis=0) - ranked.loss[after].mean(axis=0)
    rows = _from_ends(gained, most)
    known = rows if column.known is None else column.known[rows]
    return {
        "image": known,
        "present": column.positive[rows],
        "contribution": gained[rows],
        "rank_before": np.mean([_rank(column.scores[run], rows) for run in before], axis=0),
        "rank_after": np.mean([_rank(column.scores[run], rows) for run in after], axis=0),
    }


def _from_ends(values: np.ndarray, most: int | None) -> np.ndarray:
    """Positions of the largest and the smallest values, descending, equal ones in order."""
    rows = np.arange(values.size)
    if most is not None and 2 * most < values.size:
        ordered = np.partition(values, [most - 1, values.size - most])
        low, high = ordered[most - 1], ordered[values.size - most]
        rows = np.flatnonzero((values <= low) | (values >= high))
    rows = rows[np.argsort(-values[rows], kind="stable")]
    return rows if most is None or 2 * most >= rows.size else np.r_[rows[:most], rows[-most:]]


def _rank(scores: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """1 + images that score higher than each of ``rows``."""
    order = np.argsort(scores[rows])
    rank = np.empty(rows.size, dtype=np.int64)
    if rows.size:  # what is above a score reaches the next number after it
        above = np.nextafter(scores[rows[order]], scores.dtype.type(np.inf))
        rank[order] = 1 + reaching(above, scores)
    return rank
