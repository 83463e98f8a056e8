"""How the probabilities of one label are distributed among images with and without it."""

from dataclasses import dataclass

import numpy as np

from udviz.checks import check_at_least
from udviz.stats.probabilities import prob_columns


@dataclass(frozen=True, eq=False, kw_only=True)
class ProbabilityDistribution:
    """Histograms of one label's probabilities over the images where its target is known.

    Attributes:
        edges: (Q + 1,) bin edges in [0, 1]; the last bin holds a probability of 1.
        present: (Q,) images that carry the label.
        absent: (Q,) images that do not.
    """

    edges: np.ndarray
    present: np.ndarray
    absent: np.ndarray

    @property
    def present_share(self) -> np.ndarray:
        """(Q,) shares of the images with the label, so that a rare one shows too; 0 if none."""
        return _shares(self.present)

    @property
    def absent_share(self) -> np.ndarray:
        """(Q,) shares of the images without the label; 0 if there are none."""
        return _shares(self.absent)


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
    return ProbabilityDistribution(
        edges=edges,
        present=np.histogram(prob[positive], edges)[0],
        absent=np.histogram(prob[~positive], edges)[0],
    )


def _shares(counts: np.ndarray) -> np.ndarray:
    shares: np.ndarray = counts / max(1, counts.sum())
    return shares
