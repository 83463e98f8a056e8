"""How much each image moves a label's average precision.

Average precision is a smooth functional of the image weights, so the derivative with respect to
every weight has a closed form. Squared and summed it is the variance of the AP; subtracted
between two models on the same images first, the variance of their difference.
"""

from dataclasses import dataclass

import numpy as np

_CELLS_PER_THRESHOLD = 16
_FEWEST_CELLS, _MOST_CELLS = 1024, 65_536
_MOST_PER_CELL = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class RankedScores:
    """One label's n images in the order of their scores, seen from its P positives.

    Attributes:
        index: (P,) images of the positives, ascending by score.
        last: (P,) position of the last positive with the same score.
        reached: (n,) positives that each image is not below.
        above: (P,) images at or above each positive, R_i.
        precision: (P,) positives among these, T_i / R_i.
    """

    index: np.ndarray
    last: np.ndarray
    reached: np.ndarray
    above: np.ndarray
    precision: np.ndarray

    @property
    def average_precision(self) -> float:
        """In [0, 1]."""
        return float(self.precision.mean())

    @property
    def influence(self) -> np.ndarray:
        """(n,) derivative of the average precision with respect to each image's weight."""
        n_positives = self.index.size
        # an image that reaches c positives takes the sums over the c lowest ones
        sum_precision = np.concatenate([[0.0], np.cumsum(self.precision / self.above)])  # (P + 1,)
        influence: np.ndarray = (sum_precision / -n_positives)[self.reached]
        sum_inverse = np.cumsum(1.0 / self.above)[self.last]
        influence[self.index] += (self.precision - self.average_precision + sum_inverse) / (
            n_positives
        )
        return influence

    def average_precision_without(self, images: np.ndarray) -> float:
        """Average precision of the other images; NaN where no positive is left.

        Args:
            images: Positions in [0, n), each once.
        """
        is_left = ~np.isin(self.index, images)
        if not is_left.any():
            return float("nan")
        place = np.arange(self.index.size)
        n_above = images.size - np.searchsorted(np.sort(self.reached[images]), place, side="right")
        gone = np.sort(self.reached[self.index[~is_left]])
        n_positives_above = gone.size - np.searchsorted(gone, place, side="right")
        above = (self.above - n_above)[is_left]
        return float(((self.precision * self.above - n_positives_above)[is_left] / above).mean())

    @property
    def loss(self) -> np.ndarray:
        """(n,) each image's share of 1 - AP, see `contributions`."""
        shares = np.concatenate([[0.0], np.cumsum(1.0 / self.above)]) / (2 * self.index.size)
        loss: np.ndarray = shares[self.reached]
        loss[self.index] = (1 - self.precision) / (2 * self.index.size)
        return loss


def rank_scores(scores: np.ndarray, positive: np.ndarray) -> RankedScores:
    """Count the positives and the images at or above every positive.

    Args:
        scores: (n,) finite floats; higher means more likely present. Logits are faster
            than probabilities, which crowd near 0.
        positive: (n,) bool, whether the label is present; at least one is True.
    """
    index = np.flatnonzero(positive)
    index = index[np.argsort(scores[index])]  # (P,) positives, ascending score
    thresholds = scores[index]
    reached = count_at_or_below(thresholds, scores)  # (n,) positives an image is not below
    n_reaching = np.bincount(reached, minlength=index.size + 1)  # (P + 1,) images that reach c
    last = _last_of_tie(thresholds)
    above = n_reaching[::-1].cumsum()[::-1][last + 1]  # (P,) R_i
    return RankedScores(
        index=index,
        last=last,
        reached=reached,
        above=above,
        precision=at_or_above(thresholds) / above,
    )


def average_precision_influence(
    scores: np.ndarray, positive: np.ndarray
) -> tuple[float, np.ndarray]:
    """Average precision of one label, and its derivative with respect to each image's weight.

    With T_i positives and R_i images at or above the score of positive i, AP is the mean of
    T_i / R_i over the P positives. Raising the weight of image k adds, for every positive i
    at or below k, y_k / R_i - T_i / R_i^2, plus y_k (T_k / R_k - AP), all divided by P. Images
    with tied scores get the same value, so the order of images does not matter.

    Args:
        scores: As in `rank_scores`.
        positive: As in `rank_scores`.

    Returns:
        The average precision in [0, 1] and the (n,) influence, which sums to 0.

    Source:
        Infinitesimal jackknife: Efron (1982), "The Jackknife, the Bootstrap and Other
        Resampling Plans", chapter 6. The closed form for AP is our own derivation.
    """
    ranked = rank_scores(scores, positive)
    return ranked.average_precision, ranked.influence


def count_at_or_below(thresholds: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """How many thresholds are at or below each score: ``searchsorted``, several times faster.

    The range of the thresholds is cut into equal cells. Which cell a score is in says how many
    thresholds it has passed, up to those in the same cell; most cells hold none, and the few
    scores in the others are compared with one threshold after another. Thresholds that crowd in a
    cell (many ties, or probabilities close to 0) are searched for instead.

    Args:
        thresholds: (P,) ascending, at least one.
        scores: (n,) of the same dtype, in any order.

    Returns:
        (n,) integers in [0, P].
    """
    grid = _grid(thresholds)
    if grid is None or grid.held.max() > _MOST_PER_CELL:
        return np.searchsorted(thresholds, scores, side="right")
    passed = np.cumsum(grid.held) - grid.held  # thresholds in lower cells
    count: np.ndarray = np.where(grid.held > 0, ~passed, passed)[grid.cell(scores)]
    undecided = np.flatnonzero(count < 0)
    value, exact = scores[undecided], ~count[undecided]
    padded = np.append(thresholds, thresholds.dtype.type(np.inf))
    for _ in range(grid.held.max()):
        exact += padded[exact] <= value
    count[undecided] = exact
    return count


def reaching(thresholds: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """How many scores reach each threshold: the images a ranking has shown by then.

    Scores are counted by cells, as in `count_at_or_below`; only those that share a cell with a
    threshold are sorted.

    Args:
        thresholds: (P,) ascending, at least one.
        scores: (n,) of the same dtype, in any order.

    Returns:
        (P,) integers in [0, n].
    """
    grid = _grid(thresholds)
    if grid is None:
        return scores.size - np.searchsorted(np.sort(scores), thresholds, side="left")
    cell = grid.cell(scores)
    is_shared = grid.held > 0
    n_apart = np.bincount(cell, minlength=is_shared.size)
    n_apart[is_shared] = 0  # scores that share no cell with a threshold
    close = np.sort(scores[np.flatnonzero(is_shared[cell])])
    below: np.ndarray = np.cumsum(n_apart)[grid.own] + np.searchsorted(close, thresholds)
    return scores.size - below


@dataclass(frozen=True, eq=False, kw_only=True)
class _Grid:
    """The range of the thresholds in equal cells. A higher score is never in a lower cell.

    Attributes:
        low: Lowest threshold.
        scale: Cells per unit.
        own: (P,) cells of the thresholds.
        held: (cells,) how many thresholds a cell holds; the first lies below the range, the last
            holds its upper end and all above.
    """

    low: np.floating
    scale: np.floating
    own: np.ndarray
    held: np.ndarray

    def cell(self, values: np.ndarray) -> np.ndarray:
        """Index of the cell of each value."""
        return _cell(values, self.low, self.scale, self.held.size - 2)


def _grid(thresholds: np.ndarray) -> _Grid | None:
    """Cells for ``thresholds``; None if they are all equal, or too far apart or too close."""
    n_cells = min(max(_CELLS_PER_THRESHOLD * thresholds.size, _FEWEST_CELLS), _MOST_CELLS)
    low = thresholds[0]
    with np.errstate(over="ignore", divide="ignore"):
        scale = n_cells / (thresholds[-1] - low)
    if not 0 < scale < np.inf:
        return None
    own = _cell(thresholds, low, scale, n_cells)
    held = np.bincount(own, minlength=n_cells + 2)
    return _Grid(low=low, scale=scale, own=own, held=held)


def _cell(values: np.ndarray, low: np.floating, scale: np.floating, n_cells: int) -> np.ndarray:
    """Index of the cell of each value: 0 below the range, ``n_cells + 1`` at its end and above."""
    with np.errstate(over="ignore"):
        place = values - low
        place *= scale
    np.clip(place, -1, n_cells, out=place)
    place += 1
    cell: np.ndarray = place.astype(np.intp)
    return cell


def at_or_above(ascending: np.ndarray) -> np.ndarray:
    """How many values are at or above each of the (P,) ascending values, ties included."""
    first = np.arange(ascending.size)
    first[1:][ascending[1:] == ascending[:-1]] = 0
    return ascending.size - np.maximum.accumulate(first)


def _last_of_tie(ascending: np.ndarray) -> np.ndarray:
    """Position of the last value equal to each of the (P,) ascending values."""
    last = np.arange(ascending.size)
    last[:-1][ascending[1:] == ascending[:-1]] = ascending.size - 1
    return np.minimum.accumulate(last[::-1])[::-1]
