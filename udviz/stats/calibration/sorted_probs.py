"""One label's scores in order, absent and present images apart: one sort serves every statistic.

A rising map (a sigmoid, a recalibration) leaves the order as it is, so the sorted logits of a label
give the sorted probabilities of all its recalibrations, and bins are slices of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from udviz.stats.ranking.auroc import auroc_of_counts


@dataclass(frozen=True, eq=False, kw_only=True)
class SortedProbs:
    """Probabilities of one label on its n known images; logits, before they are mapped.

    Attributes:
        absent: (A,) of the images without the label, ascending.
        present: (P,) of those with it, ascending.
        place: (P,) how many of the n images come before each of the present ones.
    """

    absent: np.ndarray
    present: np.ndarray
    place: np.ndarray

    @property
    def size(self) -> int:
        """Number n of known images."""
        return int(self.absent.size + self.present.size)

    def at_or_above(self, threshold: float) -> tuple[int, int]:
        """Images that reach ``threshold``, rounded to the values' precision: present, and all."""
        value = self.present.dtype.type(threshold)
        counts = [v.size - int(np.searchsorted(v, value)) for v in (self.present, self.absent)]
        return counts[0], sum(counts)

    @property
    def auroc(self) -> float:
        """Chance that a present image lies above an absent one; NaN without either."""
        n_present = np.arange(self.present.size)
        with_ties = np.searchsorted(self.absent, self.present, side="right")
        # places among the images of the other kind; its own kind adds the same to both
        return auroc_of_counts(self.place, with_ties + n_present + 1, n_images=self.size)

    def mapped(self, rising: Callable[[np.ndarray], np.ndarray]) -> "SortedProbs":
        """The same images after a map that never falls."""
        return replace(self, absent=rising(self.absent), present=rising(self.present))

    def merged(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) values of all images in ascending order, and (n,) bool, which are present."""
        is_present = np.zeros(self.size, dtype=bool)
        is_present[self.place] = True
        values = np.empty(self.size, dtype=self.absent.dtype)
        values[is_present], values[~is_present] = self.present, self.absent
        return values, is_present

    def at(self, places: np.ndarray) -> np.ndarray:
        """(K,) values at (K,) places in [0, n) of all images in ascending order."""
        n_before = np.searchsorted(self.place, places)  # (K,) present images before each place
        is_present = np.append(self.place, self.size)[n_before] == places
        values = np.empty(places.size, dtype=np.float64)
        values[is_present] = self.present[n_before[is_present]]
        values[~is_present] = self.absent[(places - n_before)[~is_present]]
        return values

    def bin_sums(self, edges: np.ndarray) -> np.ndarray:
        """The five sums of ``ReliabilityBins`` in Q bins, end to end; (5 Q,) from (Q + 1,) edges.

        Bin q is [edges[q], edges[q + 1]), the last one closed.
        """
        absent, present = (_sums(*part, edges[1:-1]) for part in self._parts)
        count, total, square = absent + present
        return np.concatenate([count, present[0], total, square, present[1]])

    def spiegelhalter(self) -> tuple[float, float]:
        """Numerator of Spiegelhalter's Z and its variance under perfect calibration.

        The sum of (y - p)(1 - 2p): the Brier score beyond what the probabilities expect. Positive
        where they are overconfident, negative where they are underconfident.

        Source:
            Spiegelhalter (1986), "Probabilistic prediction in patient management and clinical
            trials", section 4.
        """
        surplus, variance = 0.0, 0.0
        for wrong, right in self._outcomes:
            surplus += float(2 * (wrong @ wrong) - wrong.sum())  # -p (1 - 2p) if wrong is p
            spread = wrong * right  # v = p (1 - p), and (1 - 2p)^2 = 1 - 4v
            variance += float(spread.sum() - 4 * (spread @ spread))
        return surplus, variance

    def log_loss(self, epsilon: float) -> float:
        """Summed log loss in nats of probabilities held ``epsilon`` away from 0 and 1."""
        held = [np.clip(right, epsilon, 1 - epsilon) for _, right in self._outcomes]
        return -sum(_log_sum(right, epsilon) for right in held)

    @cached_property
    def _outcomes(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Of absent and of present images: probabilities of what is not, and of what is."""
        absent, present = (np.asarray(p, np.float64) for p in (self.absent, self.present))
        return (absent, 1 - absent), (1 - present, present)

    @cached_property
    def _parts(self) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]:
        """Absent and present values, the same as float32, and squared: bins of all kinds need them.

        Values and edges meet in float32: predictions are kept in it, and 0.7 there is less than
        the 0.7 of float64, so that a probability on an edge would fall below it.
        """
        both = (self.absent, self.present)
        return tuple((v, v.astype(np.float32, copy=False), np.square(v)) for v in both)


def sorted_probs(prob: np.ndarray, target: np.ndarray) -> SortedProbs:
    """Sort one label's (n,) probabilities or logits; ``target`` is (n,) bool."""
    absent, present = np.sort(prob[~target]), np.sort(prob[target])
    place = np.searchsorted(absent, present) + np.arange(present.size)
    return SortedProbs(absent=absent, present=present, place=place)


def _log_sum(probs: np.ndarray, least: float) -> float:
    """Sum of the logs of values in [``least``, 1], by logs of products that cannot underflow."""
    n_factors = int(np.log(np.finfo(np.float64).tiny) / np.log(least))
    whole = probs.size // n_factors * n_factors
    products = np.multiply.reduce(probs[:whole].reshape(n_factors, -1), axis=0)
    return float(np.log(products).sum() + np.log(probs[whole:]).sum())


def _sums(
    values: np.ndarray, near: np.ndarray, squares: np.ndarray, inner_edges: np.ndarray
) -> np.ndarray:
    """Count, sum and sum of squares of ascending values in every bin, (3, Q)."""
    ends = np.concatenate(
        [[0], np.searchsorted(near, inner_edges.astype(np.float32)), [values.size]]
    )
    counts = ends[1:] - ends[:-1]
    sums, held = np.zeros((3, counts.size)), counts > 0
    sums[0] = counts
    if held.any():
        first = ends[:-1][held]  # each bin that holds something ends where the next one begins
        sums[1:, held] = [np.add.reduceat(part, first) for part in (values, squares)]
    return sums
