"""Targets from a table: one 0/1 column per label, or one column of label lists."""

import ast
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from udviz.checks import shown
from udviz.data.problems import ProblemLog
from udviz.data.readers.frames import require_columns

TARGET_OF = {"1": 1, "1.0": 1, "true": 1, "0": 0, "0.0": 0, "false": 0} | dict.fromkeys(
    ("", "-1", "-1.0", "nan", "none", "<na>"), -1
)
SEPARATORS = (";", "|", ",")
# MemoryError is what Python's parser says of text that is nested too deeply.
_NO_LIST = (ValueError, SyntaxError, RecursionError, MemoryError)


@dataclass(frozen=True, kw_only=True)
class LabelSettings:
    """Where in a table the labels are.

    Attributes:
        label_column: Column of label lists; None for one 0/1 column per label (or for a table with
            a single column of labels that is not 0/1).
        label_names: The labels to read, in this order; None for all columns or all labels met.
        separator: Between the labels of a list; None for the first of ``;``, ``|``, ``,`` that is
            met in the column. Lists in brackets, JSON or Python's, need none.
    """

    label_column: str | None = None
    label_names: tuple[str, ...] | None = None
    separator: str | None = None


def read_targets(
    frame: pd.DataFrame, settings: LabelSettings, image_ids: Sequence[str], log: ProblemLog
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read the targets of all rows.

    In a 0/1 column 1, 1.0 and true are present, 0, 0.0 and false absent, a blank, NaN or -1
    unknown. In a list column the labels of the list are present, all others absent; a blank cell
    makes all labels unknown, ``[]`` says that there are none.

    Args:
        frame: The table without its image and split columns.
        settings: Where the labels are.
        image_ids: The R ids, to name rows by.
        log: Takes unreadable cells (the row is bad) and unknown labels (reported).

    Returns:
        (R, L) int8 targets and the L label names.

    Raises:
        ValueError: If a chosen column does not exist.
    """
    column = settings.label_column
    if column is None and settings.label_names is None and _is_one_list_column(frame):
        column = str(frame.columns[0])
    if column is None:
        names = settings.label_names or tuple(map(str, frame.columns))
        require_columns(frame, list(names), setting="label_names")
        targets = _from_columns(frame[list(names)], image_ids, log)
    else:
        require_columns(frame, [column], setting="label_column")
        lists = _label_lists(frame[column], settings.separator, image_ids, log)
        names = settings.label_names or tuple(
            sorted({label for row in lists for label in row or ()})
        )
        targets = _from_lists(lists, names, image_ids, log)
    return targets, names


def _is_one_list_column(frame: pd.DataFrame) -> bool:
    if frame.shape[1] != 1:
        return False
    return any(str(cell).strip().lower() not in TARGET_OF for cell in frame.iloc[:, 0])


def _from_columns(frame: pd.DataFrame, image_ids: Sequence[str], log: ProblemLog) -> np.ndarray:
    targets = np.full(frame.shape, -1, dtype=np.int8)
    for place, name in enumerate(frame.columns):
        column = frame[name]
        if column.dtype == object:  # anything, also what has no hash
            column = column.map(str)
        column = column.astype("category")
        words = [str(value).strip().lower() for value in column.cat.categories]
        value_of = np.array([*(TARGET_OF.get(word, -2) for word in words), -1], dtype=np.int8)
        targets[:, place] = value_of[column.cat.codes]  # code -1, a missing cell, is the last
        for row in np.flatnonzero(targets[:, place] == -2).tolist():
            cell = f"{image_ids[row]}, column {shown(str(name))}: {column.iloc[row]!r}"
            log.add("value other than 0, 1 or blank", cell, row=row)
    targets[targets == -2] = -1
    return targets


def _label_lists(
    column: pd.Series, separator: str | None, image_ids: Sequence[str], log: ProblemLog
) -> list[list[str] | None]:
    """The labels of every row; None where unknown or unreadable."""
    cells = column.tolist()
    if separator is None:
        separator = _first_separator(str(cell) for cell in cells)
    lists: list[list[str] | None] = []
    for row, cell in enumerate(cells):
        try:
            lists.append(_parse_list(cell, separator))
        except _NO_LIST:
            log.add("unreadable label list", f"{image_ids[row]}: {str(cell)!r}", row=row)
            lists.append(None)
    return lists


def _first_separator(cells: Iterable[str]) -> str:
    """The first of `SEPARATORS` met in any cell that is not a list in brackets."""
    seen = {mark for cell in cells if cell[:1] != "[" for mark in SEPARATORS if mark in cell}
    return next((mark for mark in SEPARATORS if mark in seen), SEPARATORS[0])


def _parse_list(cell: Any, separator: str) -> list[str] | None:
    """The labels of one cell; None if it is blank."""
    if isinstance(cell, str):
        text = cell.strip()
        if text.startswith("["):
            cell = _parse_brackets(text)
        else:
            cell = text.split(separator) if text else None
    if cell is None or cell is pd.NA or isinstance(cell, float):
        return None
    if not isinstance(cell, (list, tuple, np.ndarray)):
        raise ValueError("not a list")
    return list(dict.fromkeys(label for item in cell if (label := str(item).strip())))


def _parse_brackets(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # Python's own spelling, as pandas writes a list into a CSV file
        return ast.literal_eval(text)


def _from_lists(
    lists: Sequence[list[str] | None],
    names: Sequence[str],
    image_ids: Sequence[str],
    log: ProblemLog,
) -> np.ndarray:
    column_of = {name: place for place, name in enumerate(names)}
    targets = np.zeros((len(lists), len(names)), dtype=np.int8)
    for row, labels in enumerate(lists):
        if labels is None:
            targets[row] = -1
            continue
        for label in labels:
            if label in column_of:
                targets[row, column_of[label]] = 1
            else:
                log.add("unknown label", f"{image_ids[row]}: {label}")
    return targets
