"""Recalibration: turn logits into probabilities that can be taken at their word.

Fit on the validation images only, then apply to any split: a map fitted on the images it is judged
on flatters itself. Temperature and Platt (``platt.py``) keep the order of a label's
images, so its average precision does not move; isotonic regression makes ties.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, isotonic_regression

from udviz.checks import check_at_least, check_matrix
from udviz.scratch import empty_columns
from udviz.stats.calibration.logit_cells import all_logit_cells
from udviz.stats.calibration.sorted_probs import sorted_probs
from udviz.stats.labels.label_columns import label_columns
from udviz.stats.labels.probabilities import logit_probs

TEMPERATURES = (0.01, 100.0)  # a fit at either end says that no temperature helps
MIN_ISOTONIC = 10  # positives and negatives below which a staircase is noise


class Recalibration(ABC):
    """A fitted map from logits to probabilities of presence that never falls."""

    @abstractmethod
    def apply_label(self, logits: np.ndarray, label: int) -> np.ndarray:
        """Probabilities of one label, (N,) in [0, 1], from its (N,) logits."""

    def apply(self, logits: np.ndarray) -> np.ndarray:
        """Probabilities of all labels.

        Args:
            logits: (N, L) with the labels, in the order, of the fit.

        Returns:
            (N, L) probabilities in [0, 1], float64, in Fortran order; a large matrix lies in a
            temporary file, see `udviz.scratch`.

        Raises:
            TypeError: If ``logits`` is no numpy array.
            ValueError: If ``logits`` is not (N, L).
        """
        check_matrix(logits, name="logits")
        probs = empty_columns(logits.shape, np.float64)
        for label in range(logits.shape[1]):
            probs[:, label] = self.apply_label(logits[:, label], label)
        return probs


@dataclass(frozen=True, kw_only=True)
class Temperature(Recalibration):
    """Sigmoid of logits divided by one temperature for all labels.

    Attributes:
        temperature: Above 1 softens overconfident probabilities, below 1 sharpens them; 1 is the
            plain sigmoid.
    """

    temperature: float = 1.0

    def apply_label(self, logits: np.ndarray, label: int) -> np.ndarray:
        """Probabilities of one label, (N,) in [0, 1], from its (N,) logits."""
        return logit_probs(np.divide(logits, self.temperature, dtype=np.float64))


@dataclass(frozen=True, eq=False, kw_only=True)
class Isotonic(Recalibration):
    """A rising staircase per label, linear between its steps and flat outside them.

    Attributes:
        logits: Per label, the ascending logits of the corners; None where the label had too few
            positives or negatives to fit and keeps the plain sigmoid.
        probs: Per label, the probabilities at the corners, never exactly 0 or 1.
    """

    logits: tuple[np.ndarray | None, ...]
    probs: tuple[np.ndarray | None, ...]

    def apply_label(self, logits: np.ndarray, label: int) -> np.ndarray:
        """Probabilities of one label, (N,) in [0, 1], from its (N,) logits."""
        corners, heights = self.logits[label], self.probs[label]
        if corners is None or heights is None:
            return Temperature().apply_label(logits, label)
        probs: np.ndarray = np.interp(logits.astype(np.float64), corners, heights)
        return probs


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> Temperature:
    """Find the temperature with the least log loss over all known cells of all labels.

    The log loss is convex in 1 / temperature, so its derivative is searched for its one zero.

    Args:
        logits: (N, L) floats of the validation images.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out).

    Returns:
        The temperature, within ``TEMPERATURES``.

    Raises:
        TypeError: If ``logits`` are no floating-point numpy array.
        ValueError: If shapes differ, a logit is not finite, or no target is known.

    Source:
        Guo et al. (2017), "On calibration of modern neural networks", section 4.2.

    Example:
        >>> logits = np.array([[4.0], [-4.0], [4.0], [-4.0], [4.0]])
        >>> targets = np.array([[1], [0], [0], [0], [1]])  # one in five is wrong, and was so sure
        >>> round(fit_temperature(logits, targets).temperature, 2)
        2.89
    """
    labels = list(all_logit_cells(logits, targets))
    if not any(cells.weight.size for cells in labels):
        raise ValueError(
            "`targets` must hold at least one known target, got none. "
            "Fit on a split with annotations."
        )

    def slope_at(log_inverse: float) -> float:
        inverse = np.exp(log_inverse)
        return sum(
            float(
                (logit_probs(inverse * cells.logit) - cells.present) @ (cells.weight * cells.logit)
            )
            for cells in labels
        )

    low, high = -np.log(TEMPERATURES[1]), -np.log(TEMPERATURES[0])
    if slope_at(low) >= 0:  # the logits carry no information: as soft as allowed
        return Temperature(temperature=TEMPERATURES[1])
    if slope_at(high) <= 0:  # zero separates perfectly: as sharp as allowed
        return Temperature(temperature=TEMPERATURES[0])
    return Temperature(temperature=float(np.exp(-brentq(slope_at, low, high, xtol=1e-8))))


def fit_isotonic(
    logits: np.ndarray, targets: np.ndarray, *, min_count: int = MIN_ISOTONIC
) -> Isotonic:
    """Fit the rising staircase with the least squared error to each label.

    Probabilities are kept within [1 / (n + 2), 1 - 1 / (n + 2)] for the n known images of a label:
    a step of exactly 0 or 1 would claim a certainty that n images cannot give.

    Args:
        logits: (N, L) floats of the validation images.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out).
        min_count: Positives, and negatives, that a label needs to be fitted.

    Returns:
        The staircases; a label with too few positives or negatives keeps the sigmoid.

    Raises:
        TypeError: If ``logits`` are no floating-point numpy array.
        ValueError: If shapes differ, a logit is not finite or ``min_count`` < 1.

    Source:
        Zadrozny and Elkan (2002), "Transforming classifier scores into accurate multiclass
        probability estimates", section 3.
    """
    check_at_least(min_count, 1, name="min_count")
    corners: list[np.ndarray | None] = []
    heights: list[np.ndarray | None] = []
    for column in label_columns([logits], targets, name="logits"):
        n_positives, known = int(column.positive.sum()), column.positive.size
        if min(n_positives, known - n_positives) < min_count:
            corners.append(None)
            heights.append(None)
            continue
        logit, height = _staircase(*sorted_probs(column.scores[0], column.positive).merged())
        corners.append(logit)
        heights.append(np.clip(height, 1 / (known + 2), 1 - 1 / (known + 2)))
    return Isotonic(logits=tuple(corners), probs=tuple(heights))


def _staircase(logits: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the rising steps with the least squared error: their logits, and heights.

    Args:
        logits: (n,) ascending.
        present: (n,) bool, whether the label is present.
    """
    first = np.flatnonzero(np.diff(logits, prepend=-np.inf))  # of the images with the same logit
    images = np.diff(first, append=logits.size)
    share = np.add.reduceat(present.astype(np.float64), first) / images
    height = isotonic_regression(share, weights=images).x
    is_corner = np.ones(height.size, dtype=bool)
    is_corner[1:-1] = (height[1:-1] != height[:-2]) | (height[1:-1] != height[2:])
    return logits[first[is_corner]].astype(np.float64), height[is_corner]
