"""What the files of Open Images say: of each label of each image, and of objects."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from udviz.checks import shown
from udviz.data.dataset import Boxes
from udviz.data.problems import ProblemLog
from udviz.data.readers.openimages.csv_files import AnnotationFile, Column, read_columns

MACHINE = "machine"  # in the column Source: nobody looked
CORNERS = ("XMin", "YMin", "XMax", "YMax")
FLAGS = ("IsGroupOf", "IsDepiction")
UNVERIFIED = 2  # a machine said something of this label


@dataclass(frozen=True, eq=False, kw_only=True)
class Statements:
    """What files say of labels and objects, a row per image and split.

    Attributes:
        row: (S,) row of the image of each statement.
        label: (S,) place of its class.
        value: (S,) int8: 1, 0 or `UNVERIFIED`.
        boxes: Objects, ``image`` being the row; None without a file of them.
    """

    row: np.ndarray
    label: np.ndarray
    value: np.ndarray
    boxes: Boxes | None = None

    @classmethod
    def joined(cls, parts: Sequence["Statements"]) -> "Statements":
        """Those of all files."""
        boxes = [part.boxes for part in parts if part.boxes is not None]
        return cls(
            **{name: _concatenated(parts, name) for name in ("row", "label", "value")},
            boxes=Boxes(**{f.name: _concatenated(boxes, f.name) for f in fields(Boxes)})
            if boxes
            else None,
        )

    def renumbered(self, row_of: np.ndarray, label_of: np.ndarray) -> "Statements":
        """Those whose new row and label are not -1, by the new numbers."""
        row, label = row_of[self.row], label_of[self.label]
        kept, boxes = (row >= 0) & (label >= 0), self.boxes
        if boxes is not None:
            image, column = row_of[boxes.image], label_of[boxes.label]
            used = (image >= 0) & (column >= 0)
            boxes = Boxes(
                image=image[used],
                label=column[used],
                corners=boxes.corners[used],
                difficult=boxes.difficult[used],
                visible=boxes.visible[used],
            )
        return Statements(row=row[kept], label=label[kept], value=self.value[kept], boxes=boxes)


def read_statements(
    file: AnnotationFile,
    classes: dict[str, str],
    listed: dict[tuple[str, str], int],
    log: ProblemLog,
) -> Statements:
    """What one file says; images that are new to ``listed`` get the next rows."""
    numbers = (*CORNERS, *FLAGS) if file.of_boxes else ("Confidence",)
    texts = ("ImageID", "LabelName") if file.of_boxes else ("ImageID", "LabelName", "Source")
    columns, cells = read_columns(file.path, log, texts=texts, numbers=numbers)
    label = _label_codes(file, columns["LabelName"], classes)
    images = columns["ImageID"]
    row_of = {name: listed.setdefault((file.split, name), len(listed)) for name in images.values}
    row = images.numbered(row_of)
    if file.of_boxes:
        present = np.ones(len(row), dtype=np.int8)
        boxes = _boxes(file, row, label, cells, log)
        return Statements(row=row, label=label, value=present, boxes=boxes)
    return Statements(
        row=row, label=label, value=_verified(file, columns["Source"], cells["Confidence"])
    )


def _verified(file: AnnotationFile, source: Column, confidence: np.ndarray) -> np.ndarray:
    """(R,) int8: 1 or 0 where people said so, else `UNVERIFIED`."""
    if (odd := ~((confidence >= 0) & (confidence <= 1))).any():  # also NaN
        line = int(odd.argmax())
        raise ValueError(
            f"{file.path.name} must hold a Confidence in [0, 1], got {confidence[line]} in line "
            f"{line + 2:,}. Take the file as Open Images publishes it."
        )
    by_machine = source.numbered({name: name == MACHINE for name in source.values}).astype(bool)
    verified = ~by_machine & ((confidence == 0) | (confidence == 1))
    return np.where(verified, confidence, UNVERIFIED).astype(np.int8)


def _boxes(
    file: AnnotationFile,
    row: np.ndarray,
    label: np.ndarray,
    cells: dict[str, np.ndarray],
    log: ProblemLog,
) -> Boxes:
    corners = np.stack([cells[name] for name in CORNERS], axis=1).clip(0, 1)  # (M, 4)
    usable = (corners[:, :2] < corners[:, 2:]).all(axis=1)  # NaN is not
    odd = np.flatnonzero(~usable).tolist()
    log.add_all("unusable box", (f"{file.path.name}, line {line + 2:,}" for line in odd))
    flagged = np.any([cells[name] == 1 for name in FLAGS], axis=0)  # -1 is not known
    return Boxes(
        image=row[usable],
        label=label[usable],
        corners=corners[usable],
        difficult=flagged[usable],
        visible=np.full(int(usable.sum()), np.nan),
    )


def _label_codes(file: AnnotationFile, column: Column, classes: dict[str, str]) -> np.ndarray:
    """(R,) place of each line's label in ``classes``."""
    if unknown := [name for name in column.values if name not in classes]:
        raise ValueError(
            f"{file.path.name} must hold classes that class-descriptions.csv names, but "
            f"{len(unknown):,} of {len(column.values):,} are not there, such as "
            f"{shown(repr(unknown[0]))}. Put the file that names them beside it; of the 600 "
            "classes with boxes alone, the labels are in files that end in -boxable.csv."
        )
    return column.numbered({name: place for place, name in enumerate(classes)})


def _concatenated(parts: Sequence[Statements] | Sequence[Boxes], name: str) -> np.ndarray:
    return np.concatenate([getattr(part, name) for part in parts])
