"""Where the errors stand among all images in order of uncertainty, and what follows from it.

Only errors need a place in the ranking, so all images and the errors are sorted apart as plain
numbers and merged by binary search; every number below is then a sum over the errors alone.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma

from udviz.stats.ranking.auroc import auroc_of_counts
from udviz.stats.ranking.influence import at_or_above


@dataclass(frozen=True, eq=False, kw_only=True)
class ErrorRanks:
    """Uncertainty of n images, of which E are errors.

    Attributes:
        ordered: (n,) all uncertainties, ascending.
        errors: (E,) those of the errors, ascending.
        below: (E,) images that are less uncertain than each error.
        up_to: (E,) images that are at most as uncertain: itself and those tied with it included.
    """

    ordered: np.ndarray
    errors: np.ndarray
    below: np.ndarray
    up_to: np.ndarray

    @property
    def auroc(self) -> float:
        """Chance that an error is more uncertain than a hit; NaN without either."""
        return auroc_of_counts(self.below, self.up_to, n_images=self.ordered.size)

    @property
    def average_precision(self) -> float:
        """Average precision of the errors, most uncertain images first; NaN without errors."""
        if self.errors.size == 0:
            return np.nan
        return float((at_or_above(self.errors) / (self.ordered.size - self.below)).mean())

    @property
    def area(self) -> float:
        """Area under the risk-coverage curve, the mean risk of keeping 1, 2, ..., n images.

        An error adds 1 / k to every k that keeps it. One that is tied with others is kept with a
        chance that rises evenly over the places they share, so it adds a sum of
        (k - below) / (their number) / k there: harmonic numbers, in closed form.
        """
        tied = self.up_to - self.below
        shared = 1 - self.below / tied * (_harmonic(self.up_to) - _harmonic(self.below))
        after = _harmonic(np.array(self.ordered.size)) - _harmonic(self.up_to)
        return float((shared + after).sum() / self.ordered.size)

    @property
    def area_oracle(self) -> float:
        """The least area: all errors are the most uncertain images."""
        n_images, n_errors = self.ordered.size, self.errors.size
        kept = np.arange(n_images - n_errors + 1, n_images + 1)
        return float(((kept - (n_images - n_errors)) / kept).sum() / n_images)

    def expected_errors(self, kept: np.ndarray) -> np.ndarray:
        """Errors among the ``kept`` most certain images, ties in random order; (K,) from (K,)."""
        last = self.ordered[kept - 1]
        start, end = (np.searchsorted(self.ordered, last, side=side) for side in ("left", "right"))
        surely, at_most = (np.searchsorted(self.errors, last, side=s) for s in ("left", "right"))
        expected: np.ndarray = surely + (at_most - surely) * (kept - start) / (end - start)
        return expected


def error_ranks(uncertainty: np.ndarray, wrong: np.ndarray) -> ErrorRanks:
    """Sort the errors into all images.

    Args:
        uncertainty: (n,) finite floats, n at least 1.
        wrong: (n,) bool.
    """
    ordered, errors = np.sort(uncertainty), np.sort(uncertainty[wrong])
    return ErrorRanks(
        ordered=ordered,
        errors=errors,
        below=np.searchsorted(ordered, errors, side="left"),
        up_to=np.searchsorted(ordered, errors, side="right"),
    )


def _harmonic(n: np.ndarray) -> np.ndarray:
    """1 + 1/2 + ... + 1/n; 0 for n = 0."""
    total: np.ndarray = digamma(n + 1.0) + np.euler_gamma
    return total
