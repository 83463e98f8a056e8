"""How often each label is there, and how many labels an image carries."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.checks import check_targets

_ROWS = 65_536  # images counted at once


def label_counts(targets: np.ndarray, *, label_names: Sequence[str]) -> pd.DataFrame:
    """Count present, absent and unknown targets of every label.

    Args:
        targets: (N, L) 1 present, 0 absent, -1 unknown.
        label_names: L names.

    Returns:
        One row per label in column order: ``label``, ``positives``, ``absent``, ``unknown``.

    Raises:
        ValueError: If a target is none of 1, 0, -1, or names and labels differ in number.
    """
    n_images, n_labels = targets.shape
    if len(label_names) != n_labels:
        raise ValueError(f"`label_names` must name {n_labels} labels, got {len(label_names)}.")
    positives, unknown = np.zeros((2, n_labels), dtype=np.int64)
    for start in range(0, n_images, _ROWS):
        block = np.asarray(targets[start : start + _ROWS])
        check_targets(block)
        positives += np.count_nonzero(block == 1, axis=0)
        unknown += np.count_nonzero(block == -1, axis=0)
    return pd.DataFrame(
        {
            "label": list(label_names),
            "positives": positives,
            "absent": n_images - positives - unknown,
            "unknown": unknown,
        }
    )


def labels_per_image(targets: np.ndarray) -> pd.DataFrame:
    """How many images carry how many labels; an unknown target counts as not carried.

    Args:
        targets: (N, L) 1 present, 0 absent, -1 unknown.

    Returns:
        One row per number from 0 to the largest that occurs: ``labels``, ``images`` and their
        ``share`` in [0, 1], NaN without images.
    """
    carried = np.count_nonzero(targets == 1, axis=1)
    images = np.bincount(carried, minlength=1)
    share = images / carried.size if carried.size else np.full(1, np.nan)
    return pd.DataFrame({"labels": np.arange(images.size), "images": images, "share": share})
