"""Boxes that came with predictions, kept as a Parquet table in the folder of a study."""

from pathlib import Path

import numpy as np
import pandas as pd

from udviz.bounded import NO_PARQUET, check_parquet
from udviz.checks import shown
from udviz.data.dataset import Boxes

OBJECTS = "objects.parquet"
SIDES = ("left", "top", "right", "bottom")
_PLACES = ("row", "column")


def write_boxes(boxes: Boxes, path: Path) -> None:
    """Keep boxes as a table of places and corners."""
    columns = {"row": boxes.image, "column": boxes.label}
    columns |= dict(zip(SIDES, boxes.corners.T, strict=True))
    pd.DataFrame(columns).to_parquet(path, index=False)


def read_boxes(study: Path, *, n_labels: int) -> Boxes | None:
    """The boxes that are kept in the folder of a study; None if none were brought.

    Raises:
        ValueError: If the file is damaged.
        OSError: If it cannot be read.
    """
    path = study / OBJECTS
    if not path.exists():
        return None
    try:
        check_parquet(path)
        table = pd.read_parquet(path, columns=[*_PLACES, *SIDES])
    except NO_PARQUET as error:
        raise _refused(path, "be a table of boxes", "another file") from error
    kinds = [table[name].dtype.kind for name in (*_PLACES, *SIDES)]
    if kinds != ["i"] * 2 + ["f"] * 4 or (table[list(_PLACES)] < 0).any(axis=None):
        raise _refused(path, "hold places and corners", "other values")
    row, column = (table[name].to_numpy() for name in _PLACES)
    corners = table[list(SIDES)].to_numpy()
    start, end = corners[:, :2], corners[:, 2:]
    if (column >= n_labels).any() or not ((start >= 0) & (start <= end) & (end <= 1)).all():
        raise _refused(path, "hold boxes within the images, of the labels", "others")
    return boxes_of(row, column, corners)


def boxes_of(row: np.ndarray, column: np.ndarray, corners: np.ndarray) -> Boxes:
    """Boxes at (M,) images and labels with (M, 4) corners, nothing else being known."""
    return Boxes(
        image=row.astype(np.int64),
        label=column.astype(np.int64),
        corners=corners,
        difficult=np.zeros(len(row), dtype=bool),
        visible=np.full(len(row), np.nan),
    )


def _refused(path: Path, must: str, got: str) -> ValueError:
    return ValueError(f"{shown(str(path))} must {must}, got {got}.")
