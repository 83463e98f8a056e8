"""Maps, boxes and label masks on one grid, so that they can be compared cell by cell."""

from collections.abc import Sequence

import numpy as np

from udviz.checks import check_at_least


def resize_maps(maps: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Bring maps to another grid by bilinear interpolation between cell centres.

    Flat beyond the outermost centres; what torch calls ``align_corners=False``.

    Args:
        maps: (M, h, w).
        height: Rows H of the new grid, at least 1.
        width: Columns W of the new grid, at least 1.

    Returns:
        (M, H, W) float64.

    Raises:
        ValueError: If ``height`` or ``width`` < 1.
    """
    check_at_least(height, 1, name="height")
    check_at_least(width, 1, name="width")
    rows = _interpolation(maps.shape[1], height)  # (H, h)
    columns = _interpolation(maps.shape[2], width)  # (W, w)
    resized: np.ndarray = rows @ maps.astype(np.float64) @ columns.T  # (M, H, W)
    return resized


def average_maps(maps: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Bring maps to a coarser grid: the mean of what each new cell covers, by area.

    What torch calls adaptive average pooling, but for grids that do not divide each other, where
    torch counts a cell that is cut as a whole one.

    Args:
        maps: (M, h, w).
        height: Rows H of the new grid, at least 1.
        width: Columns W of the new grid, at least 1.

    Returns:
        (M, H, W) float64.

    Raises:
        ValueError: If ``height`` or ``width`` < 1.
    """
    check_at_least(height, 1, name="height")
    check_at_least(width, 1, name="width")
    rows, columns = _coverage(maps.shape[1], height), _coverage(maps.shape[2], width)
    averaged: np.ndarray = rows @ maps.astype(np.float64) @ columns.T  # (M, H, W)
    return averaged


def from_zero(maps: np.ndarray) -> np.ndarray:
    """(M, h, w) maps, each less its smallest value: maps of normalised features have no zero."""
    lifted: np.ndarray = maps - maps.min(axis=(1, 2), keepdims=True)
    return lifted


def box_masks(corners: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Draw boxes onto a grid: a cell belongs to a box if its centre does.

    Args:
        corners: (M, 4) left, top, right, bottom as fractions of the image in [0, 1].
        height: Rows H of the grid.
        width: Columns W of the grid.

    Returns:
        (M, H, W) bool. A box between the cell centres gets the one cell its middle lies in.

    Raises:
        ValueError: If ``corners`` is not (M, 4), leaves [0, 1], or a box ends before it begins.
    """
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise ValueError(f"`corners` must have shape (M, 4), got shape {corners.shape}.")
    start, stop = corners[:, :2], corners[:, 2:]
    if not ((start >= 0) & (start <= stop) & (stop <= 1)).all():
        raise ValueError(
            "`corners` must be left, top, right, bottom as fractions with left <= right and "
            "top <= bottom, got a box outside. Divide pixels by the image's width and height."
        )
    across = _span(corners[:, 0], corners[:, 2], width)  # (M, W)
    down = _span(corners[:, 1], corners[:, 3], height)  # (M, H)
    covered: np.ndarray = down[:, :, None] & across[:, None, :]
    return covered


def label_masks(mask: np.ndarray, labels: Sequence[int], *, height: int, width: int) -> np.ndarray:
    """Cut one image's label mask into one mask per label on a common grid, by nearest pixel.

    Args:
        mask: (H0, W0) label index per pixel, -1 = none.
        labels: K label indices.
        height: Rows H of the grid.
        width: Columns W of the grid.

    Returns:
        (K, H, W) bool.

    Raises:
        ValueError: If ``mask`` is not two-dimensional.
    """
    if mask.ndim != 2:
        raise ValueError(f"`mask` must have shape (H, W), got shape {mask.shape}.")
    rows = ((np.arange(height) + 0.5) * mask.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * mask.shape[1] / width).astype(int)
    sampled = mask[np.ix_(rows, columns)]  # (H, W)
    found: np.ndarray = sampled == np.asarray(labels, dtype=int)[:, None, None]
    return found


def _interpolation(size: int, wanted: int) -> np.ndarray:
    """Linear interpolation from ``size`` to ``wanted`` cells as a (wanted, size) matrix."""
    centres = (np.arange(wanted) + 0.5) * size / wanted - 0.5
    distance = np.abs(np.clip(centres, 0, size - 1)[:, None] - np.arange(size))
    weights: np.ndarray = np.maximum(1 - distance, 0.0)
    return weights


def _coverage(size: int, wanted: int) -> np.ndarray:
    """Share that each of ``size`` cells has in each of ``wanted`` cells, (wanted, size)."""
    old, new = np.arange(size + 1) / size, np.arange(wanted + 1) / wanted
    start = np.maximum(new[:-1, None], old[:-1])
    stop = np.minimum(new[1:, None], old[1:])
    shares: np.ndarray = np.maximum(stop - start, 0.0) * wanted
    return shares


def _span(start: np.ndarray, stop: np.ndarray, size: int) -> np.ndarray:
    """Which of ``size`` cells have their centre in [start, stop], at least one each, (M, size)."""
    centres = (np.arange(size) + 0.5) / size
    inside = (centres >= start[:, None]) & (centres <= stop[:, None])
    middle = np.minimum(((start + stop) / 2 * size).astype(int), size - 1)
    lone = ~inside.any(axis=1)
    inside[lone, middle[lone]] = True
    return inside
