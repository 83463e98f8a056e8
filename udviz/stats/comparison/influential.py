"""What a gain would be without the few images that it rests on most.

A single image can decide an average precision. So the images that move a gain most in its own
direction are left out: 1 % of those that carry the label (of all images for a mean over labels), at
least one.

Source:
    Broderick, Giordano and Meager (2020), "An automatic finite-sample robustness metric: when can
    dropping a little data make a big difference?": chosen by influence, then computed anew.
"""

import numpy as np

from udviz.stats.ranking.ranked import RankedColumn

SHARE = 0.01


def gain_without_few(ranked: RankedColumn, *, before: np.ndarray, after: np.ndarray) -> float:
    """Gain in AP of one label without its most influential images, computed anew.

    Args:
        ranked: The label.
        before: Places of the runs before among its score sets.
        after: Places of the runs after.

    Returns:
        NaN where no positive is left.
    """
    if not ranked.ranked:
        return float("nan")
    influence = ranked.influence[after].mean(axis=0) - ranked.influence[before].mean(axis=0)
    precision = ranked.average_precision
    gain = precision[after].mean() - precision[before].mean()
    images = most_influential(influence, gain=float(gain), of=ranked.n_positives)
    left = [
        np.mean([ranked.ranked[run].average_precision_without(images) for run in runs])
        for runs in (before, after)
    ]
    return float(left[1] - left[0])


def mean_gain_without_few(influence: np.ndarray, *, gain: float) -> float:
    """Gain in mean AP without its most influential images, to first order.

    Args:
        influence: (N,) of every image on it.
        gain: With all images.
    """
    images = most_influential(influence, gain=gain, of=influence.size)
    return float(gain - influence[images].sum())


def most_influential(influence: np.ndarray, *, gain: float, of: int) -> np.ndarray:
    """Positions of the images that move a gain most in its own direction.

    Args:
        influence: (n,) of every image on the gain.
        gain: The gain, whose sign counts.
        of: Number of images of which `SHARE` are chosen, at least one.
    """
    n_chosen = max(1, int(SHARE * of))
    toward = influence if gain >= 0 else -influence
    return np.argpartition(-toward, n_chosen - 1)[:n_chosen]


def rests_on_few(
    gain: np.ndarray, low: np.ndarray, high: np.ndarray, without: np.ndarray
) -> np.ndarray:
    """(L,) whether an interval that leaves out 0 would hold it around the gain without few images.

    Args:
        gain: (L,) with all images.
        low: (L,) lower ends of their intervals.
        high: (L,) upper ends.
        without: (L,) from `gain_without_few`; NaN, no positive left, rests on few.
    """
    moved = without - gain
    stays: np.ndarray = ((low + moved > 0) & (gain > 0)) | ((high + moved < 0) & (gain < 0))
    return ~stays
