"""From objects with boxes to targets: what VOC and COCO have in common."""

from dataclasses import dataclass, field

import numpy as np

from udviz.data.dataset import Boxes

Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class ObjectList:
    """Objects as a reader meets them.

    Attributes:
        row: Row of the image.
        label: Index of the label.
        corners: Left, top, right, bottom as fractions; None where the box is unusable.
        difficult: The annotator's *difficult* or *crowd* flag.
    """

    row: list[int] = field(default_factory=list)
    label: list[int] = field(default_factory=list)
    corners: list[Corners | None] = field(default_factory=list)
    difficult: list[bool] = field(default_factory=list)

    def add(
        self,
        row: int,
        label: int,
        *,
        corners: Corners | None,
        difficult: bool,
    ) -> None:
        """Add one object."""
        self.row.append(row)
        self.label.append(label)
        self.corners.append(corners)
        self.difficult.append(difficult)

    def boxes(self) -> Boxes:
        """The objects that have a usable box."""
        kept = [place for place, corners in enumerate(self.corners) if corners is not None]
        corners = [self.corners[place] for place in kept]
        return Boxes(
            image=np.array(self.row, dtype=np.int64)[kept],
            label=np.array(self.label, dtype=np.int64)[kept],
            corners=np.array(corners, dtype=np.float64).reshape(-1, 4),
            difficult=np.array(self.difficult, dtype=bool)[kept],
            visible=np.full(len(kept), np.nan),
        )

    def targets(self, n_rows: int, n_labels: int) -> tuple[np.ndarray, np.ndarray]:
        """Targets and difficult flags of the images.

        A label with a plain object is present. A label whose objects are all difficult is unknown
        and flagged: training may count it as it likes, a score leaves it out.

        Returns:
            (R, L) int8 targets and (R, L) bool difficult flags.
        """
        place = (np.array(self.row, dtype=np.int64), np.array(self.label, dtype=np.int64))
        difficult = np.array(self.difficult, dtype=bool)
        plain = np.zeros((n_rows, n_labels), dtype=bool)
        flagged = np.zeros((n_rows, n_labels), dtype=bool)
        np.logical_or.at(plain, place, ~difficult)
        np.logical_or.at(flagged, place, difficult)
        flagged &= ~plain
        return np.where(plain, 1, np.where(flagged, -1, 0)).astype(np.int8), flagged


def relative_corners(
    left: float, top: float, right: float, bottom: float, *, width: float, height: float
) -> Corners | None:
    """Corners as fractions of the image, cut to it; None if nothing of the box is inside."""
    if not (width > 0 and height > 0):
        return None
    x0, x1 = (min(max(x / width, 0.0), 1.0) for x in (left, right))
    y0, y1 = (min(max(y / height, 0.0), 1.0) for y in (top, bottom))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
