"""What a table says of the objects in images whose predictions were brought."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.checks import shown
from udviz.data.dataset import Boxes
from udviz.data.kept_boxes import SIDES, boxes_of
from udviz.data.problems import ProblemLog
from udviz.data.tables.columns import is_image_name, texts
from udviz.data.tables.frames import read_frame
from udviz.predictions.brought.matrix import refused

_SIZES = ("width", "height")


def boxes_in(
    path: Path, ids: Sequence[str], label_names: Sequence[str]
) -> tuple[Boxes, tuple[str, ...]]:
    """The boxes of a table, and a note on those of other images.

    Args:
        path: Table with a column of the images' ids, ``label``, and ``left``, ``top``, ``right``,
            ``bottom`` as fractions of the image, or in pixels beside its ``width`` and ``height``.
        ids: The N images.
        label_names: The L labels.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is no such table, names none of the images, or another label.
    """
    frame = read_frame(path, ProblemLog())
    columns = {str(column).strip().lower(): column for column in frame.columns}
    image = next((column for column in frame.columns if is_image_name(str(column))), None)
    lacks = [name for name in ("label", *SIDES) if name not in columns]
    if image is None or lacks:
        wanted = ", ".join(("image", "label", *SIDES))
        raise refused(path, f"have the columns {wanted}", shown(", ".join(map(str, frame.columns))))
    named, labels = texts(frame[image]), texts(frame[columns["label"]])
    rows = pd.Index(ids).get_indexer(pd.Index(named))
    own, places = rows >= 0, pd.Index(label_names).get_indexer(pd.Index(labels))
    if not own.any():
        some = f"{shown(', '.join(named[:3]))}, not {shown(', '.join(ids[:3]))}"
        raise refused(path, f"name images that are compared in its column {shown(image)}", some)
    if (places[own] < 0).any():
        other = labels[int(np.flatnonzero(own & (places < 0))[0])]
        raise refused(path, "name labels of the targets", f"an object called {shown(other)}")
    corners = _corners(path, frame[own], columns, labels=np.array(labels)[own])
    left_out = int((~own).sum())
    told = f"{path.name}: {left_out:,} of {len(rows):,} objects are in images of none of the files."
    return boxes_of(rows[own], places[own], corners), (told,) if left_out else ()


def _corners(
    path: Path, frame: pd.DataFrame, columns: dict[str, str], *, labels: np.ndarray
) -> np.ndarray:
    """(M, 4) fractions of the image, cut to it."""

    def numbers(name: str) -> np.ndarray:
        cells = texts(frame[columns[name]])
        values = pd.to_numeric(pd.Series(cells), errors="coerce").to_numpy(float)
        if not np.isfinite(values).all():
            place = int(np.flatnonzero(~np.isfinite(values))[0])
            raise refused(path, f"hold numbers in its column {name}", shown(cells[place]))
        return values

    corners = np.stack([numbers(side) for side in SIDES], axis=1)
    if all(size in columns for size in _SIZES):
        sizes = np.stack([numbers(size) for size in _SIZES], axis=1)
        if (sizes <= 0).any():
            raise refused(path, "hold sizes of images above 0", "others")
        corners /= np.tile(sizes, 2)
    elif corners.size and corners.max() > 1:
        got = f"{corners.max():g}. Add columns width and height of the images to give pixels"
        raise refused(path, "hold corners as fractions of the image, in [0, 1]", got)
    cut: np.ndarray = np.clip(corners, 0, 1)
    empty = (cut[:, :2] >= cut[:, 2:]).any(axis=1)
    if empty.any():
        which = int(np.flatnonzero(empty)[0])
        got = f"one of {shown(labels[which])} from {corners[which, :2]} to {corners[which, 2:]}"
        raise refused(path, "hold boxes that begin before they end, within the image", got)
    return cut
