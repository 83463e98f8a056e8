"""Which column of a table is what: images, splits, groups, labels. What is guessed is said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from udviz.checks import shown
from udviz.data.images.finder import ImageFinder
from udviz.data.problems import ProblemLog
from udviz.data.splits import is_split_column
from udviz.data.tables.words import READ, is_word

IMAGE_COLUMNS = (
    *("image", "filename", "imagename", "imagefile", "imageindex", "file", "path", "imagepath"),
    *("imgpath", "img", "imgname", "imageid", "filepath", "photo"),
)
LIST_COLUMNS = ("labels", "label", "tags", "tag", "classes", "categories", "findinglabels")
VALUE_COLUMNS = ("value", "present", "target", "confidence", "y", "positive", "verified")
NO_LABELS = {  # words of a column's name
    *("fold", "kfold", "id", "index", "idx", "row", "rowid", "split", "subset", "partition"),
    *("holdout", "isvalid", "val", "validation", "test"),
}
_SAMPLE = 200  # cells that are looked at where a column is guessed by its content
_MOST_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class ColumnSettings:
    """Columns by name, where a person names them.

    Attributes:
        image_column: Column of image names.
        split_column: Column of splits.
        group_column: Column whose equal values belong together (a film, a patient).
        slice_columns: Columns by whose values results are told apart; no labels.
        label_columns: The 0/1 columns of labels, in this order; empty for all others.
        ignore_columns: Columns that are nothing of the above.
        label_column: Column of label lists.
    """

    image_column: str = ""
    split_column: str = ""
    group_column: str = ""
    slice_columns: tuple[str, ...] = ()
    label_columns: tuple[str, ...] = ()
    ignore_columns: tuple[str, ...] = ()
    label_column: str = ""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What each column of a table is.

    Attributes:
        image: Column of image names.
        split: Column of splits; None without one.
        group: Column of groups; None without one.
        labels: 0/1 columns; empty where there is a column of lists.
        label_list: Column of label lists; None where labels are columns.
        value: Of a table with a row per label: whether it is present; None without one.
    """

    image: str
    split: str | None
    group: str | None
    labels: tuple[str, ...]
    label_list: str | None
    value: str | None = None


@dataclass(eq=False)
class _Cells:
    """The different cells of every column of a table, each looked for once."""

    frame: pd.DataFrame
    _found: dict[str, pd.Series] = field(default_factory=dict)

    def of(self, column: str) -> pd.Series:
        """The different cells of a column, in order."""
        if column not in self._found:
            self._found[column] = self.frame[column].drop_duplicates()
        return self._found[column]


def find_columns(
    frame: pd.DataFrame, settings: ColumnSettings, images: Path, log: ProblemLog
) -> Columns:
    """Tell the columns of ``frame`` apart.

    Raises:
        ValueError: If a chosen column is not there, or columns are neither labels nor told to be
            ignored; names them, some of their values, and the flags.
    """
    _check_named(frame, settings)
    cells = _Cells(frame)
    image = settings.image_column or _find_image_column(frame, images, log)
    split = settings.split_column or _find_split_column(cells, settings, image, log)
    taken = {image, split, settings.group_column}
    taken |= {*settings.ignore_columns, *settings.slice_columns}
    rest = [column for column in frame.columns if column not in taken]
    known: dict[str, Any] = {
        "image": image,
        "split": split or None,
        "group": settings.group_column or None,
    }
    if settings.label_columns:
        return Columns(**known, labels=settings.label_columns, label_list=None)
    if settings.label_column:
        value = _value_column(cells, [c for c in rest if c != settings.label_column])
        return Columns(**known, labels=(), label_list=settings.label_column, value=value)
    rest = _without_row_numbers(cells, rest, log)
    if label_list := _find_list_column(cells, rest, log):
        others = [column for column in rest if column != label_list]
        value = _value_column(cells, others)
        if ignored := [column for column in others if column != value]:
            log.guess(
                f"columns that are not read: {', '.join(ignored)}", flag="--data.label_columns"
            )
        return Columns(**known, labels=(), label_list=label_list, value=value)
    _refuse_other_columns(cells, rest)
    return Columns(**known, labels=tuple(rest), label_list=None)


def require_columns(frame: pd.DataFrame, columns: Sequence[str], *, flag: str) -> None:
    """Raise unless ``frame`` has all ``columns``, naming the flag that asked for them."""
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise ValueError(
            f"{flag}: must name columns of the table, got {shown(repr(absent))}. "
            f"It has {shown(', '.join(map(str, frame.columns)))}."
        )


def _check_named(frame: pd.DataFrame, settings: ColumnSettings) -> None:
    if not len(frame.columns):
        raise ValueError("A table of labels must have columns, got none. Give each image a name.")
    if len(frame.columns) == 1:
        raise ValueError(
            f"A table of labels must have several columns, got one: {shown(frame.columns[0])}. "
            "Separate columns by a comma, semicolon, tab or bar."
        )
    for name in ("image_column", "split_column", "group_column", "label_column"):
        if column := getattr(settings, name):
            require_columns(frame, [column], flag=f"--data.{name}")
    require_columns(frame, settings.label_columns, flag="--data.label_columns")
    if both := {*settings.slice_columns} & {*settings.label_columns, settings.label_column}:
        raise ValueError(
            f"--data.slice_columns: must name no labels, got {shown(repr(min(both)))}, which is "
            "one. Take it out there, or out of --data.label_columns or --data.label_column."
        )
    require_columns(frame, settings.ignore_columns, flag="--data.ignore_columns")


def _find_image_column(frame: pd.DataFrame, images: Path, log: ProblemLog) -> str:
    """The column whose values are files here, else one with a usual name, else the first."""
    usual = [c for c in frame.columns if is_image_name(c)]
    fallback = usual[0] if usual else str(frame.columns[0])
    others = [c for c in frame.columns if c not in usual and frame[c].dtype.kind in "OUT"]
    finder = ImageFinder(images) if images.is_dir() else None
    shares = {c: _share_found(frame[c], finder) for c in (*usual, *others)} if finder else {}
    best = max(shares, key=lambda c: shares[c], default=fallback)
    if shares.get(best, 0) <= shares.get(fallback, 0):
        best = fallback
    if best != str(frame.columns[0]) or not usual:
        log.guess(f"column {best!r} holds the names of the images", flag="--data.image_column")
    return best


def _share_found(column: pd.Series, finder: ImageFinder) -> float:
    sample = [name for name in texts(column.iloc[:: max(1, len(column) // _SAMPLE)]) if name]
    distinct = list(dict.fromkeys(sample))
    if len(distinct) * 2 < len(sample) or all(is_word(name) for name in distinct):
        return 0.0
    return float(np.mean([bool(finder.find(name)) for name in distinct]))


def _find_split_column(cells: _Cells, settings: ColumnSettings, image: str, log: ProblemLog) -> str:
    chosen = {image, settings.label_column, settings.group_column}
    chosen |= {*settings.label_columns, *settings.ignore_columns, *settings.slice_columns}
    for column in cells.frame.columns:
        if column not in chosen and is_split_column(column, texts(cells.of(column))):
            if column != "split":
                log.guess(f"column {column!r} holds the splits", flag="--data.split_column")
            return str(column)
    return ""


def _without_row_numbers(cells: _Cells, rest: list[str], log: ProblemLog) -> list[str]:
    """``rest`` without columns of row numbers, as pandas writes them, and without empty columns."""
    frame = cells.frame
    numbers = [c for c in rest if len(frame) > 2 and _counts_rows(frame[c])]
    empty = [c for c in rest if not any(texts(cells.of(c)))]
    if left_out := [*numbers, *(c for c in empty if _plain(c).startswith("unnamed"))]:
        log.guess(f"columns that are not read: {', '.join(left_out)}", flag="--data.label_columns")
    return [c for c in rest if c not in left_out]


def _find_list_column(cells: _Cells, rest: list[str], log: ProblemLog) -> str:
    """The column of label lists: the only one left that is not 0/1, or one with a usual name."""
    odd = [column for column in rest if not is_target_column(cells.of(column))]
    if len(rest) == 1 and odd:
        return odd[0]
    usual = [column for column in odd if _plain(column) in LIST_COLUMNS]
    if len(usual) != 1:
        return ""
    if len(rest) > 1:
        log.guess(f"column {usual[0]!r} lists the labels", flag="--data.label_column")
    return usual[0]


def _value_column(cells: _Cells, others: list[str]) -> str | None:
    """In a table with a row per label: the column that says whether it is present."""
    words = [column for column in others if is_target_column(cells.of(column))]
    return words[0] if len(words) == 1 and _plain(words[0]) in VALUE_COLUMNS else None


def _refuse_other_columns(cells: _Cells, rest: list[str]) -> None:
    odd = [c for c in rest if _words(c) & NO_LABELS or not is_target_column(cells.of(c))]
    if not odd:
        return
    values = {c: ", ".join(map(repr, _odd_values(cells.of(c)))) for c in odd[:_MOST_EXAMPLES]}
    listed = "; ".join(f"{shown(column)} ({shown(value)})" for column, value in values.items())
    more = f" and {len(odd) - _MOST_EXAMPLES} more" if len(odd) > _MOST_EXAMPLES else ""
    raise ValueError(
        f"Every column besides the image's must be a label of 0 and 1, got {listed}{more}. "
        f"Name those to leave out as --data.ignore_columns '{shown(','.join(odd))}', or the labels "
        "as --data.label_columns, or a column that lists labels as --data.label_column, or that of "
        "splits as --data.split_column, or those to compare results by as --data.slice_columns. "
        f"What is read: {READ}."
    )


def is_target_column(cells: pd.Series) -> bool:
    """Whether most of the different cells are words for present, absent or unknown."""
    return sum(is_word(cell) for cell in cells) * 2 > len(cells) or not len(cells)


def _odd_values(cells: pd.Series) -> list[str]:
    return [shown(str(cell)) for cell in sorted(cells, key=is_word)][:3]


def _counts_rows(column: pd.Series) -> bool:
    """Whether the cells are 0, 1, 2, ... or 1, 2, 3, ...; the first that is not ends the look."""
    first = texts(column.head(1))
    if first not in (["0"], ["1"]):
        return False
    return all(_text(cell) == str(k) for k, cell in enumerate(column, int(first[0])))


def is_image_name(column: object) -> bool:
    """Whether a column has a name that is usual for image names."""
    return _plain(column) in IMAGE_COLUMNS


def texts(column: pd.Series) -> list[str]:
    """The cells as stripped strings, "" where missing."""
    return [_text(cell) for cell in column]


def _text(cell: Any) -> str:
    return "" if pd.isna(cell) else str(cell).strip()


def _words(name: object) -> set[str]:
    """``cvFold`` and ``cv_fold`` are the words cv and fold."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", str(name))
    return {*re.split(r"[^a-z0-9]+", apart.lower()), _plain(name)}


def _plain(name: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())
