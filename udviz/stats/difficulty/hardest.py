"""Which labels are called difficult where difficult and easy ones are told apart."""

import numpy as np

from udviz.checks import check_same_shape


def hardest_third(difficulty: np.ndarray, supported: np.ndarray) -> np.ndarray:
    """The third of the supported labels that is most difficult, rounded to whole labels.

    Args:
        difficulty: (L,) e.g. of `difficulty_ranks`, on images that are not used to compare: a label
            that is hard by chance on some images gains by chance on the same. NaN = unknown.
        supported: (L,) bool, whether there are enough positives to judge a label.

    Returns:
        (L,) bool; of equally difficult labels the first ones.

    Raises:
        ValueError: If shapes differ.
    """
    check_same_shape(difficulty, supported, names=("difficulty", "supported"))
    candidates = np.flatnonzero(supported & ~np.isnan(difficulty))
    n_hard = round(len(candidates) / 3)
    hard = np.zeros(len(difficulty), dtype=bool)
    hard[candidates[np.argsort(-difficulty[candidates], kind="stable")[:n_hard]]] = True
    return hard
