"""How large, and how visible, are the objects of each label?"""

import numpy as np
import pandas as pd

from udviz.checks import check_same_shape


def object_sizes(
    images: np.ndarray,
    labels: np.ndarray,
    *,
    corners: np.ndarray,
    visible: np.ndarray,
    n_labels: int,
) -> pd.DataFrame:
    """Typical size and visibility of each label's best object in an image.

    An image shows a label by its largest and by its most visible object, so one tiny cup in the
    back of a photo of a cup counts for nothing.

    Args:
        images: (M,) image of each object.
        labels: (M,) label of each object in [0, L).
        corners: (M, 4) left, top, right, bottom as fractions of the image.
        visible: (M,) visible fraction in [0, 1]; NaN where not known.
        n_labels: Number L of labels.

    Returns:
        One row per label: ``images`` that show it, ``area``: median over these of the largest
        box's share of the image, ``visible``: median of the most visible object's visible
        fraction. NaN for a label without objects, or without known visible fractions.

    Raises:
        ValueError: If lengths differ or a label lies outside [0, L).
    """
    for name, values in (("labels", labels), ("visible", visible), ("corners", corners[:, 0])):
        check_same_shape(images, values, names=("images", name))
    if labels.size and not (labels.min() >= 0 and labels.max() < n_labels):
        raise ValueError(
            f"`labels` must lie in [0, {n_labels}), got {labels.min()} to {labels.max()}."
        )
    area = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    objects = pd.DataFrame({"image": images, "label": labels, "area": area, "visible": visible})
    best = objects.groupby(["label", "image"])[["area", "visible"]].max()
    labels_seen = best.groupby("label")
    table = labels_seen.median().reindex(range(n_labels))
    table.insert(0, "images", labels_seen.size().reindex(table.index, fill_value=0))
    return table.rename_axis(None)
