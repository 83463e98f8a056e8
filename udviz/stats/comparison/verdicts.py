"""*Helped*, *hurt* or *inconclusive*: what a comparison decides."""

import numpy as np

from udviz.vocabulary import HELPED, HURT, INCONCLUSIVE, Verdict


def verdicts(
    gain: np.ndarray, q: np.ndarray, *, level: float, higher_is_better: bool = True
) -> list[str]:
    """*helped*, *hurt* or *inconclusive* per label; NaN is *inconclusive*."""
    direction = np.where((gain > 0) == higher_is_better, HELPED, HURT)
    decided = (q <= level) & (gain != 0)
    return [str(verdict) for verdict in np.where(decided, direction, INCONCLUSIVE)]


def verdict_of(low: float, high: float, *, higher_is_better: bool = True) -> Verdict:
    """``helped`` or ``hurt`` where an interval leaves out zero, else ``inconclusive``."""
    if low > 0:
        return HELPED if higher_is_better else HURT
    if high < 0:
        return HURT if higher_is_better else HELPED
    return INCONCLUSIVE
