"""Whether two shares of different images differ, exactly."""

import numpy as np
from scipy import stats

from udviz.checks import check_same_shape


def exact_p(
    events: np.ndarray, trials: np.ndarray, other_events: np.ndarray, other_trials: np.ndarray
) -> np.ndarray:
    """Two-sided p-value of no difference of two shares: Fisher's exact test, doubled.

    Twice the smaller one-sided p-value, so that both directions have the same chance and the
    level holds however few events there are.

    Args:
        events: Counts in the first set, any shape; whole numbers.
        trials: Size of the first set, the same shape.
        other_events: Counts in a set that shares no image with it.
        other_trials: Size of that set.

    Returns:
        In [0, 1]; NaN where a set is empty.

    Raises:
        ValueError: If shapes differ, or a count is no whole number in [0, trials].

    Source:
        Fisher (1935), "The logic of inductive inference"; doubled: Agresti (2013), "Categorical
        Data Analysis", section 3.5.
    """
    for part, whole in ((events, trials), (other_events, other_trials)):
        check_same_shape(part, whole, names=("events", "trials"))
        if not ((part >= 0) & (part <= whole) & (part == np.round(part))).all():
            raise ValueError("`events` must be whole numbers in [0, trials], got another count.")
    both, marked = trials + other_trials, events + other_events
    at_least = stats.hypergeom.sf(events - 1, both, marked, trials)
    at_most = stats.hypergeom.cdf(events, both, marked, trials)
    p = np.minimum(2 * np.minimum(at_least, at_most), 1.0)
    return np.where((trials > 0) & (other_trials > 0), p, np.nan)
