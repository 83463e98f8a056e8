"""Area under the ROC curve, from how many images lie below each positive."""

import numpy as np

from udviz.stats.inference.clusters import small_sample_factor
from udviz.stats.ranking.influence import count_at_or_below


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


def auroc_influence(scores: np.ndarray, positive: np.ndarray) -> tuple[float, np.ndarray]:
    """AUROC of one label, and how much each image moves it.

    Squared and summed the influences are DeLong's variance; images of another set add theirs.

    Args:
        scores: (n,) finite floats; higher means more likely present.
        positive: (n,) bool, whether the label is present; at least one is, and one is not.

    Returns:
        The AUROC in [0, 1] and the (n,) influence, which sums to 0.

    Source:
        DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two or more correlated
        receiver operating characteristic curves", eq. 4 and 5.
    """
    ascending = np.sort(scores[positive])
    n_positives, n_negatives = ascending.size, scores.size - ascending.size
    negatives = scores[~positive]
    up_to = count_at_or_below(ascending, negatives)  # positives at most as high as each negative
    below = n_positives - count_at_or_below(-ascending[::-1], -negatives)
    of_negatives = 1 - (up_to + below) / (2 * n_positives)
    # a negative is below positive i where it is not above more positives than i is
    place = np.searchsorted(ascending, scores[positive], side="left")
    lower, not_higher = (
        np.cumsum(np.bincount(passed, minlength=n_positives + 1))[place]
        for passed in (up_to, below)
    )
    of_positives = (lower + not_higher) / (2 * n_negatives)
    area = float(of_positives.mean())
    influence = np.empty(scores.size)
    for own, is_own in ((of_positives, positive), (of_negatives, ~positive)):
        influence[is_own] = (own - area) / own.size * np.sqrt(small_sample_factor(own.size))
    return area, influence
