"""How the probabilities of one label are distributed among images with and without it."""

from dataclasses import dataclass

import numpy as np

from udviz.checks import check_at_least
from udviz.stats.labels.probabilities import prob_columns


@dataclass(frozen=True, eq=False, kw_only=True)
class ProbabilityDistribution:
    """Histograms of one label's probabilities over the images where its target is known.

    Attributes:
        edges: (Q + 1,) bin edges in [0, 1]; the last bin holds a probability of 1.
        counts: (2, Q) images: those that carry the label, then those that do not.
    """

    edges: np.ndarray
    counts: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """(2, Q) shares of the images of each side, so that a rare label shows too; 0 if none."""
        shares: np.ndarray = self.counts / np.maximum(1, self.counts.sum(axis=1, keepdims=True))
        return shares


def probability_distribution(
    probs: np.ndarray, targets: np.ndarray, *, n_bins: int = 25
) -> ProbabilityDistribution:
    """Count the probabilities of one label in bins of equal width.

    Args:
        probs: (N,) floats in [0, 1].
        targets: (N,) ground truth: 1 present, 0 absent, -1 unknown (left out).
        n_bins: Number Q of bins.

    Raises:
        TypeError: If ``probs`` are no floating-point numpy array.
        ValueError: If shapes differ, a probability leaves [0, 1], a target is none of 1, 0, -1, or
            ``n_bins`` < 1.
    """
    check_at_least(n_bins, 1, name="n_bins")
    ((prob, positive),) = prob_columns(probs[:, None], targets[:, None])
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    sides = [np.histogram(prob[side], edges)[0] for side in (positive, ~positive)]
    return ProbabilityDistribution(edges=edges, counts=np.stack(sides))
