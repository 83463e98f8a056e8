"""One label's decisions at a threshold: the four counts, and what follows from them."""

from dataclasses import dataclass

import numpy as np

from udviz.stats.inference.intervals import wilson_interval
from udviz.stats.labels.label_columns import label_columns


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Decisions about one label on the images where its target is known.

    Attributes:
        true_positives: Images called present that carry the label.
        false_positives: Images called present that do not.
        false_negatives: Images called absent that carry it.
        true_negatives: Images called absent that do not.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def present(self) -> int:
        """Images that carry the label."""
        return self.true_positives + self.false_negatives

    @property
    def predicted(self) -> int:
        """Images called present."""
        return self.true_positives + self.false_positives

    @property
    def prevalence(self) -> float:
        """Share of the images that carry the label; NaN without images."""
        known = self.predicted + self.false_negatives + self.true_negatives
        return self.present / known if known else np.nan

    @property
    def precision(self) -> float:
        """Share of the images called present that carry the label; NaN if none is called so."""
        return self.true_positives / self.predicted if self.predicted else np.nan

    @property
    def recall(self) -> float:
        """Share of the images with the label that are called present; NaN if there are none."""
        return self.true_positives / self.present if self.present else np.nan

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN if no image carries the label."""
        decided = self.predicted + self.present
        return 2 * self.true_positives / decided if self.present else np.nan

    def precision_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Wilson interval of the precision, given how many images are called present."""
        return _interval(self.true_positives, self.predicted, confidence)

    def recall_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Wilson interval of the recall."""
        return _interval(self.true_positives, self.present, confidence)


def confusion(scores: np.ndarray, targets: np.ndarray, *, threshold: float) -> Confusion:
    """Count the decisions of one label: present where its score reaches the threshold.

    Args:
        scores: (N,) floats; higher means more likely present.
        targets: (N,) ground truth: 1 present, 0 absent, -1 unknown (left out).
        threshold: In the unit of the scores; minus infinity calls every image present. It is
            rounded to the precision of the scores, as where it was chosen among them.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes differ, a score is NaN or infinite, a target is none of 1, 0, -1, or
            the threshold is NaN.
    """
    (column,) = label_columns([scores[:, None]], targets[:, None])
    called, positive = calls(column.scores[0], threshold), column.positive
    true_positives = int(np.count_nonzero(called & positive))
    n_called, n_present = int(np.count_nonzero(called)), int(np.count_nonzero(positive))
    return Confusion(
        true_positives=true_positives,
        false_positives=n_called - true_positives,
        false_negatives=n_present - true_positives,
        true_negatives=positive.size - n_called - n_present + true_positives,
    )


def calls(scores: np.ndarray, threshold: float) -> np.ndarray:
    """(N,) bool: whether each of the (N,) ``scores`` reaches ``threshold``.

    Raises:
        ValueError: If the threshold is NaN.
    """
    if np.isnan(threshold):
        raise ValueError("`threshold` must be a number, got NaN.")
    reached: np.ndarray = scores >= scores.dtype.type(threshold)
    return reached


def _interval(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    low, high = wilson_interval(np.array(successes), np.array(trials), confidence)
    return float(low), float(high)
