"""Reliability bins: is a label present as often as its probability says?

Unlike the top-label calibration of single-label models, every label is its own binary problem and
a bin's height is the observed frequency of the label. Only ``sigmoid(logits)``, or a
recalibration of it, belongs here: the softmax of the calibration branch is not a probability of
presence.

Every calibration error, its null level and the Brier decomposition are computed from the sums
these bins keep (``udviz.stats.calibration_error``), so a column is read once.
"""

from dataclasses import dataclass

import numpy as np

from udviz.checks import check_at_least, check_choice
from udviz.stats.intervals import wilson_interval
from udviz.stats.probabilities import prob_columns

KINDS = ("width", "mass")
SKETCH_SIZE = 1024  # order statistics per label behind pooled equal-mass edges


@dataclass(frozen=True, eq=False, kw_only=True)
class ReliabilityBins:
    """Reliability diagram of every label, bin by bin; the sums are over the bin's images.

    Attributes:
        edges: (L, Q + 1) edges in [0, 1]; bin q is [edges[q], edges[q + 1]), the last one closed.
        count: (L, Q) known images in the bin; 0 where it is empty.
        positives: (L, Q) of them, images that carry the label.
        sum_prob: (L, Q) sum of the probabilities.
        sum_square: (L, Q) sum of the squared probabilities.
        sum_positive: (L, Q) sum of the probabilities of the images that carry the label.
    """

    edges: np.ndarray
    count: np.ndarray
    positives: np.ndarray
    sum_prob: np.ndarray
    sum_square: np.ndarray
    sum_positive: np.ndarray

    @property
    def mean_prob(self) -> np.ndarray:
        """(L, Q) mean predicted probability; NaN in an empty bin."""
        return _ratio(self.sum_prob, self.count)

    @property
    def frequency(self) -> np.ndarray:
        """(L, Q) fraction of the images that carry the label; NaN in an empty bin."""
        return _ratio(self.positives, self.count)

    def frequency_interval(self, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """(L, Q) lower and upper Wilson limits of ``frequency``; NaN in an empty bin."""
        return wilson_interval(self.positives, self.count, confidence)


def reliability_bins(
    probs: np.ndarray, targets: np.ndarray, *, n_bins: int = 15, kind: str = "width"
) -> ReliabilityBins:
    """Bin the probabilities of each label and count how often the label is present.

    Args:
        probs: (N, L) predicted probabilities in [0, 1].
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).
        n_bins: Number Q of bins.
        kind: ``width`` for bins of equal width, ``mass`` for bins that hold, as nearly as
            ties allow, the same number of images. Equal probabilities always share a bin, so
            the order of the images does not matter.

    Returns:
        The bins of all L labels. Empty bins are kept, so that a figure can show how much data
        each bin rests on.

    Raises:
        TypeError: If ``probs`` are no floating-point numpy array.
        ValueError: If shapes differ, a probability leaves [0, 1], a target is not 1, 0 or -1,
            ``n_bins`` < 1 or ``kind`` is not known.

    Source:
        Guo et al. (2017), "On calibration of modern neural networks", eq. 2 and 3; equal mass:
        Nguyen and O'Connor (2015), "Posterior calibration and exploratory analysis".
    """
    _check(n_bins, kind)
    edges = _width_edges(n_bins)
    rows = []
    for prob, target in prob_columns(probs, targets):
        label_edges = edges if kind == "width" else _mass_edges(np.sort(prob), n_bins)
        rows.append(_column_bins(prob, target, label_edges))
    return _stack(rows, n_bins)


def pooled_reliability_bins(
    probs: np.ndarray, targets: np.ndarray, *, n_bins: int = 15, kind: str = "width"
) -> ReliabilityBins:
    """Bins of all labels taken together as one binary problem.

    Pooling hides errors of opposite sign in different labels: read it beside the labels.
    Edges of equal mass are taken from at most ``SKETCH_SIZE`` order statistics of each label,
    so no more than one column is ever in memory; the counts in the bins are exact.

    Args:
        probs: As in ``reliability_bins``.
        targets: As in ``reliability_bins``.
        n_bins: As in ``reliability_bins``.
        kind: As in ``reliability_bins``.

    Returns:
        The bins, with L = 1.

    Raises:
        ValueError: As ``reliability_bins``.
    """
    _check(n_bins, kind)
    edges = _width_edges(n_bins) if kind == "width" else _pooled_edges(probs, targets, n_bins)
    rows = [_column_bins(prob, target, edges) for prob, target in prob_columns(probs, targets)]
    return pool(_stack(rows, n_bins))


def pool(bins: ReliabilityBins) -> ReliabilityBins:
    """Add up the bins of labels that share their edges; L becomes 1.

    Raises:
        ValueError: If the labels' edges differ, as those of equal mass do.
    """
    if (bins.edges != bins.edges[:1]).any():
        raise ValueError(
            "`bins` must share their edges to be pooled, got different edges per label. "
            "Use `pooled_reliability_bins`."
        )
    sums = {name: getattr(bins, name).sum(axis=0, keepdims=True) for name in _SUMS}
    return ReliabilityBins(edges=bins.edges[:1], **sums)


_SUMS = ("count", "positives", "sum_prob", "sum_square", "sum_positive")


def _check(n_bins: int, kind: str) -> None:
    check_at_least(n_bins, 1, name="n_bins")
    check_choice(kind, KINDS, name="kind")


def _width_edges(n_bins: int) -> np.ndarray:
    # a quotient rounds once: 6 / 10 is 0.6, while linspace(0, 1, 11)[6] is 0.6000000000000001
    return np.arange(n_bins + 1) / n_bins  # (Q + 1,)


def _mass_edges(
    ordered: np.ndarray, n_bins: int, *, weights: np.ndarray | None = None
) -> np.ndarray:
    """Edges between the bins of equal mass of ascending probabilities, (Q + 1,)."""
    if ordered.size == 0:
        return _width_edges(n_bins)
    mass = np.arange(1, ordered.size + 1.0) if weights is None else np.cumsum(weights)
    wanted = np.arange(1, n_bins) * (mass[-1] / n_bins)
    # the first value of the next bin; 1e-9 of an image guards against rounding of `wanted`
    first = np.searchsorted(mass, wanted - 1e-9, side="left") + 1
    return np.concatenate([[0.0], ordered[np.minimum(first, ordered.size - 1)], [1.0]])


def _pooled_edges(probs: np.ndarray, targets: np.ndarray, n_bins: int) -> np.ndarray:
    """Edges of equal mass over all labels, from a sketch of each, (Q + 1,)."""
    values, weights = [np.empty(0)], [np.empty(0)]
    for prob, _ in prob_columns(probs, targets):
        size = min(prob.size, SKETCH_SIZE)
        middle = ((np.arange(size) + 0.5) * prob.size / max(size, 1)).astype(int)
        values.append(np.sort(prob)[middle])
        weights.append(np.full(size, prob.size / max(size, 1)))
    value, weight = np.concatenate(values), np.concatenate(weights)
    order = np.argsort(value)
    return _mass_edges(value[order], n_bins, weights=weight[order])


def _column_bins(prob: np.ndarray, target: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Edges (Q + 1) and the five sums (5 Q) of one label, end to end."""
    n_bins = edges.size - 1
    index = np.searchsorted(edges[1:-1], prob, side="right")  # (K,), 1.0 in the last bin
    weights = (None, target, prob, prob**2, prob * target)
    sums = [np.bincount(index, weight, minlength=n_bins) for weight in weights]
    return np.concatenate([edges, *sums])


def _stack(rows: list[np.ndarray], n_bins: int) -> ReliabilityBins:
    table = np.array(rows).reshape(len(rows), 6 * n_bins + 1)  # (L, Q + 1 + 5 Q)
    count, positives, *sums = np.split(table[:, n_bins + 1 :], 5, axis=1)
    return ReliabilityBins(
        edges=table[:, : n_bins + 1],
        count=count.astype(np.int64),
        positives=positives.astype(np.int64),
        sum_prob=sums[0],
        sum_square=sums[1],
        sum_positive=sums[2],
    )


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN of an empty bin
        result: np.ndarray = top / bottom
    return result
