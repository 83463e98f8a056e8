"""What an average precision owes to the prevalence of its label alone."""

import numpy as np
from scipy.special import digamma, ndtr, ndtri


def chance_average_precision(positives: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Expected average precision of a random ranking, exact.

    It lies a little above the prevalence, and well above it with few positives.

    Args:
        positives: (L,) images that carry the label.
        known: (L,) images ranked.

    Returns:
        (L,) in [0, 1]; NaN without positives.

    Source:
        Bestgen (2015), "Exact expected average precision of the random baseline for system
        evaluation", eq. 2.
    """
    n_images = np.maximum(known, 1)
    harmonic = digamma(n_images + 1.0) + np.euler_gamma
    others = np.maximum(positives - 1, 0) / np.maximum(n_images - 1, 1)
    chance = (harmonic + others * (n_images - harmonic)) / n_images
    return np.where(positives > 0, chance, np.nan)


def expected_average_precision(prevalence: np.ndarray, *, auroc: float) -> np.ndarray:
    """AP of a label of this prevalence whose scores separate it with this AUROC.

    Scores of present and absent images are taken as normal with equal variance.

    Args:
        prevalence: (L,) in [0, 1].
        auroc: In (0, 1).

    Returns:
        (L,) in [0, 1]; NaN where an input is.
    """
    distance = np.sqrt(2) * ndtri(auroc)
    recall = (np.arange(1000) + 0.5) / 1000  # (1000,)
    false_positive_rate = ndtr(ndtri(recall) - distance)
    found = np.multiply.outer(prevalence, recall)  # (L, 1000)
    alarms = np.multiply.outer(1 - prevalence, false_positive_rate)
    with np.errstate(invalid="ignore"):  # a prevalence of 0
        expected: np.ndarray = (found / (found + alarms)).mean(axis=-1)
    return expected
