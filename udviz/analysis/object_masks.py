"""Where the objects of an image are, by label, on a grid: from a data set's masks or boxes."""

import numpy as np

from udviz.data.dataset import Boxes, Dataset
from udviz.stats.maps.grids import box_masks, label_masks

GRID = 24  # cells per side on which maps and objects are compared


def object_masks(dataset: Dataset, image: int, *, height: int, width: int) -> dict[int, np.ndarray]:
    """The labels that have an object in an image, each with the cells its objects cover.

    Args:
        dataset: With masks or boxes; masks are preferred.
        image: Index of the image.
        height: Rows H of the grid.
        width: Columns W of the grid.

    Returns:
        Label index -> (H, W) bool; empty without objects.

    Raises:
        ImageError: If the mask cannot be read.
    """
    size = {"height": height, "width": width}
    if dataset.load_mask is not None:
        mask = dataset.load_mask(image)
        if mask is None:
            return {}
        labels = np.unique(mask[mask >= 0]).tolist()
        return dict(zip(labels, label_masks(mask, labels, **size), strict=True))
    return {} if dataset.boxes is None else boxed_masks(dataset.boxes, image, **size)


def boxed_masks(boxes: Boxes, image: int, *, height: int, width: int) -> dict[int, np.ndarray]:
    """`object_masks` of boxes alone."""
    own = np.flatnonzero(boxes.image == image)
    drawn = box_masks(boxes.corners[own], height=height, width=width)
    labels = boxes.label[own]
    return {int(label): drawn[labels == label].any(axis=0) for label in np.unique(labels)}
