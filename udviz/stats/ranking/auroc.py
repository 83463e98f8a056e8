"""Area under the ROC curve, from how many images lie below each positive."""

import numpy as np


def auroc_of_counts(below: np.ndarray, up_to: np.ndarray, *, n_images: int) -> float:
    """Chance that a positive scores higher than a negative, a tie counting half.

    Args:
        below: (P,) of all images, those that score lower than each positive.
        up_to: (P,) those that score at most as high, itself included.
        n_images: Number n of images, the positives included.

    Returns:
        In [0, 1]; NaN without positives or without negatives.
    """
    n_positives = below.size
    n_negatives = n_images - n_positives
    if n_positives == 0 or n_negatives == 0:
        return float("nan")
    # every pair of positives is in these sums once, as a tie or a win, so counts half
    wins = (below + up_to).sum() / 2 - n_positives**2 / 2
    return float(wins / (n_positives * n_negatives))
