"""Labels one by one, each ranked by several score sets: what average precision is measured from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from udviz.stats.inference.clusters import Images, n_clusters, small_sample_factor
from udviz.stats.labels.label_columns import LabelColumn, label_columns
from udviz.stats.ranking.influence import RankedScores, rank_scores


@dataclass(frozen=True, eq=False, kw_only=True)
class RankedColumn:
    """One label, ranked by each of M score sets.

    Attributes:
        column: The label's known images and scores.
        average_precision: (M,) NaN unless measurable.
        influence: (M, n) of every image, corrected for few positives; (M, 0) unless measurable.
        ranked: The M rankings; none unless measurable.
        n_clusters: Independent images that carry the label: groups where images come in groups.
        loss: (M, n) every image's share of 1 - AP; None unless asked for and measurable.
    """

    column: LabelColumn
    average_precision: np.ndarray
    influence: np.ndarray
    ranked: tuple[RankedScores, ...]
    n_clusters: int
    loss: np.ndarray | None

    @property
    def n_positives(self) -> int:
        """Images that carry the label."""
        return int(np.count_nonzero(self.column.positive))

    @property
    def measurable(self) -> bool:
        """Whether images with and without the label are known; else no ranking is a wrong one."""
        return 0 < self.n_positives < self.column.positive.size


def images_of(column: LabelColumn) -> Images:
    """The images of a label whose target is known."""
    return slice(0, column.positive.size) if column.known is None else column.known


def ranked_columns(
    score_sets: Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    images: np.ndarray | None = None,
    labels: range | None = None,
    losses: bool = False,
    groups: np.ndarray | None = None,
) -> Iterator[RankedColumn]:
    """Rank every label by every score set, in column order.

    Args:
        score_sets: M (N, L) floats; higher means more likely present.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        images: Image indices to use; all if None.
        labels: Columns to rank; all if None.
        losses: Whether to keep every image's share of 1 - AP.
        groups: (N,) group of every image, from `group_codes`; None if each is its own.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If shapes differ, a score is NaN or infinite, or a target is none of 1, 0, -1.
    """
    for column in label_columns(score_sets, targets, images=images, labels=labels):
        yield _ranked(column, losses=losses, groups=groups)


def _ranked(column: LabelColumn, *, losses: bool, groups: np.ndarray | None) -> RankedColumn:
    n_positives, size = int(np.count_nonzero(column.positive)), len(column.scores)
    if not 0 < n_positives < column.positive.size:
        nothing = np.full(size, np.nan), np.empty((size, 0))
        return RankedColumn(
            column=column,
            average_precision=nothing[0],
            influence=nothing[1],
            ranked=(),
            n_clusters=0,
            loss=None,
        )
    precision, influence = np.empty(size), np.empty((size, column.positive.size))
    loss = np.empty_like(influence) if losses else None
    rankings = tuple(rank_scores(scores, column.positive) for scores in column.scores)
    for place, ranked in enumerate(rankings):
        precision[place], influence[place] = ranked.average_precision, ranked.influence
        if loss is not None:
            loss[place] = ranked.loss
    independent = n_clusters(column.positive, groups, images_of(column))
    influence *= np.sqrt(small_sample_factor(independent))
    return RankedColumn(
        column=column,
        average_precision=precision,
        influence=influence,
        ranked=rankings,
        n_clusters=independent,
        loss=loss,
    )
