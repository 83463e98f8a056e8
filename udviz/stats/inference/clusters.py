"""Images that come in groups, and how much fewer independent ones there are.

Source:
    Liang and Zeger (1986), "Longitudinal data analysis using generalized linear models".
"""

import numpy as np

Images = slice | np.ndarray  # which of all images


def small_sample_factor(n_positives: int) -> float:
    """What the influence variance falls short by with few positives, as a sample variance does."""
    return max(2, n_positives) / (max(2, n_positives) - 1)


def half_df(n_positives: int) -> float:
    """Degrees of freedom where positives weigh unequally: about half as many as usual."""
    return max(n_positives - 1.0, 0.0) / 2


def group_codes(groups: np.ndarray, *, n_images: int) -> np.ndarray:
    """(N,) whole numbers from 0 on, equal where the names of ``groups`` are.

    Raises:
        ValueError: If there are not as many as images.
    """
    if np.shape(groups) != (n_images,):
        raise ValueError(
            f"`groups` must name the group of each of {n_images:,} images, got shape "
            f"{np.shape(groups)}."
        )
    return np.unique(np.asarray(groups), return_inverse=True)[1]


def sums_by_group(influence: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """(M, groups) sums of (M, n) influences within each group; as they are without groups.

    Squared and summed they are the variance that is robust to whatever images of a group share.

    Source:
        Liang and Zeger (1986), "Longitudinal data analysis using generalized linear models".
    """
    if groups is None or groups.size == 0:
        return influence
    return np.stack([np.bincount(groups, row) for row in influence])


def n_clusters(among: np.ndarray, groups: np.ndarray | None, images: Images) -> int:
    """How many of ``images`` that are ``among`` the chosen, (n,) bool, are independent."""
    if groups is None:
        return int(np.count_nonzero(among))
    return int(np.unique(groups[images][among]).size)
