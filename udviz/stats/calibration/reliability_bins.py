"""Reliability bins: is a label present as often as its probability says?

Unlike the top-label calibration of single-label models, every label is its own binary problem and
a bin's height is the observed frequency of the label. Only ``sigmoid(logits)``, or a
recalibration of it, belongs here: the softmax of the calibration branch is not a probability of
presence.

Every calibration error, its null level and the Brier decomposition are computed from the sums
these bins keep (``udviz.stats.calibration.calibration_error``), so a column is read once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from udviz.checks import check_at_least, check_choice
from udviz.stats.calibration.sorted_probs import SortedProbs, sorted_probs
from udviz.stats.inference.intervals import wilson_interval
from udviz.stats.labels.probabilities import prob_columns

KINDS = ("width", "mass")
SAMPLE = 1 << 20  # cells, about, behind the edges of pooled bins of equal mass
_FEWEST, _MOST = 128, 8192  # images that they are taken from


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

    @property
    def off(self) -> np.ndarray:
        """(L, Q) bool, whether the mean probability lies outside the interval of the frequency."""
        low, high = self.frequency_interval()
        return (self.mean_prob < low) | (self.mean_prob > high)

    def without(self, probs: np.ndarray, targets: np.ndarray) -> "ReliabilityBins":
        """The same bins without some of their images.

        Args:
            probs: (n, L) their probabilities.
            targets: (n, L) their targets, as `reliability_bins` was given them.
        """
        columns = zip(self.edges, prob_columns(probs, targets), strict=True)
        taken = np.array([sorted_probs(*column).bin_sums(edges) for edges, column in columns])
        parts = np.split(taken, len(_SUMS), axis=1)
        left = {name: getattr(self, name) - part for name, part in zip(_SUMS, parts, strict=True)}
        held = left["count"] > 0  # what rounding leaves of sums over no image is 0
        return ReliabilityBins(
            edges=self.edges,
            count=left.pop("count").astype(np.int64),
            **{
                name: np.where(held, part, 0).astype(getattr(self, name).dtype)
                for name, part in left.items()
            },
        )


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

    Example:
        >>> probs = np.array([[0.1], [0.3], [0.9]])
        >>> bins = reliability_bins(probs, np.array([[0], [1], [1]]), n_bins=2)
        >>> bins.count, bins.frequency
        (array([[2, 1]]), array([[0.5, 1. ]]))
    """
    _check(n_bins, kind)
    columns = (sorted_probs(*column) for column in prob_columns(probs, targets))
    return stack_bins([label_bins(column, n_bins=n_bins, kind=kind) for column in columns], n_bins)


def label_bins(probs: SortedProbs, *, n_bins: int, kind: str) -> np.ndarray:
    """Row of one label for ``stack_bins``: its edges (Q + 1) and its five sums (5 Q)."""
    by_width = kind == "width"
    edges = width_edges(n_bins) if by_width else _edges_at(probs.at, probs.size, n_bins)
    return np.concatenate([edges, probs.bin_sums(edges)])


def pooled_reliability_bins(
    probs: np.ndarray, targets: np.ndarray, *, n_bins: int = 15, kind: str = "width"
) -> ReliabilityBins:
    """Bins of all labels taken together as one binary problem.

    Pooling hides errors of opposite sign in different labels: read it beside the labels.
    Edges of equal mass are taken from a sample of the images; the counts in the
    bins are those of all.

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
    by_width = kind == "width"
    edges = width_edges(n_bins) if by_width else sampled_mass_edges(probs, targets, n_bins)
    columns = (sorted_probs(*column) for column in prob_columns(probs, targets))
    rows = [np.concatenate([edges, column.bin_sums(edges)]) for column in columns]
    return pool(stack_bins(rows, n_bins))


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


def width_edges(n_bins: int) -> np.ndarray:
    """Edges of Q bins of equal width in [0, 1], (Q + 1,)."""
    # a quotient rounds once: 6 / 10 is 0.6, while linspace(0, 1, 11)[6] is 0.6000000000000001
    return np.arange(n_bins + 1) / n_bins


def sampled_images(n_images: int, n_labels: int) -> np.ndarray:
    """Rows of some images, all if they are few; the same at every call, ascending."""
    size = min(max(SAMPLE // max(n_labels, 1), _FEWEST), _MOST)
    if n_images <= size:
        return np.arange(n_images)
    return np.sort(np.random.default_rng(0).choice(n_images, size, replace=False))


def sampled_mass_edges(probs: np.ndarray, targets: np.ndarray, n_bins: int) -> np.ndarray:
    """Edges of Q bins of equal mass over all labels, (Q + 1,), from `sampled_images`."""
    rows = sampled_images(*targets.shape)
    columns = [prob for prob, _ in prob_columns(probs[rows], targets[rows])]
    return mass_edges(np.concatenate([np.empty(0), *columns]), n_bins)


def mass_edges(probs: np.ndarray, n_bins: int) -> np.ndarray:
    """Edges of Q bins with as nearly the same number of the (n,) probabilities as ties allow."""
    return _edges_at(lambda places: np.partition(probs, places)[places], probs.size, n_bins)


def stack_bins(rows: Sequence[np.ndarray], n_bins: int) -> ReliabilityBins:
    """Bins of L labels from their ``label_bins``."""
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


def _edges_at(at: Callable[[np.ndarray], np.ndarray], n: int, n_bins: int) -> np.ndarray:
    """Edges of bins of equal mass, (Q + 1,), from the values ``at`` places among n in order."""
    if n == 0:
        return width_edges(n_bins)
    shares = np.arange(1, n_bins) * (n / n_bins) - 1e-9  # of an image, guards against rounding
    first = np.ceil(shares).astype(np.intp)  # the first place of the next bin
    return np.concatenate([[0.0], at(np.minimum(first, n - 1)), [1.0]])


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN of an empty bin
        result: np.ndarray = top / bottom
    return result
