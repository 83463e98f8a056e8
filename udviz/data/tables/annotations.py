"""Targets from a table: a 0/1 column per label, a column of label lists, or a row per label."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from udviz.data.problems import ProblemLog
from udviz.data.tables.columns import Columns
from udviz.data.tables.label_lists import (
    BRACKETS,
    IN_NAMES,
    ListError,
    find_separator,
    label_text,
    made_of_words,
    parse_list,
    side_by_side,
)
from udviz.data.tables.listed_names import check_listed_names
from udviz.data.tables.words import READ, Coding, read_words

NO_LABEL_WORDS = (
    "nan",
    "none",
    "null",
    "na",
    "n/a",
    "n.a.",
    "<na>",
    "?",
    "-",
    "--",
)  # as a whole cell of a list


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Targets of the R rows of a table.

    Attributes:
        values: (R, L) int8: 1 present, 0 absent, -1 unknown.
        label_names: The L labels.
    """

    values: np.ndarray
    label_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TargetSettings:
    """What cells mean.

    Attributes:
        separator: Between the labels of a list; empty to find it; ``space`` for a space.
        coding: What blanks and -1 mean.
        rows: What a row is: an ``image``, a ``label`` of an image, or ``auto``.
    """

    separator: str = ""
    coding: Coding = field(default_factory=Coding)
    rows: str = "auto"


def read_targets(
    frame: pd.DataFrame,
    columns: Columns,
    settings: TargetSettings,
    image_ids: Sequence[str],
    log: ProblemLog,
) -> Targets:
    """The targets of all rows of a table with a row per image.

    In a 0/1 column the words of ``words.py`` are read; in a column of lists the labels of the list
    are present and all others absent, a blank cell makes all labels unknown, ``[]`` says that there
    are none.

    Args:
        frame: The table.
        columns: What its columns are.
        settings: What cells mean.
        image_ids: The R ids, to name rows by.
        log: Takes cells that cannot be read: the row is bad.

    Raises:
        ValueError: If cells that list labels may have been cut where they should not be.
    """
    if columns.label_list is None:
        names = tuple(columns.labels)
        series = [frame[name] for name in names]
        values, unreadable = read_words(series, settings.coding, len(frame))
        for row, place in np.argwhere(unreadable):
            cell = series[place].iloc[row]
            where = f"{image_ids[row]}: {names[place]} = {cell!r} (read are {READ})"
            log.add("value that says neither present nor absent", where, row=int(row))
        return Targets(values=values, label_names=tuple(label_text(name) for name in names))
    lists = _label_lists(frame[columns.label_list], settings, image_ids, log)
    names = tuple(sorted({label for row in lists for label in row or ()}))
    said = settings.separator
    divides = said != "" and frame[columns.label_list].astype(str).str.contains(said, regex=False)
    check_listed_names(names, separator=said, divides=bool(np.any(divides)))
    column_of = {name: place for place, name in enumerate(names)}
    values = np.zeros((len(lists), len(names)), dtype=np.int8)
    for row, labels in enumerate(lists):
        if labels is None:
            values[row] = 0 if settings.coding.blank_means == "absent" else -1
        else:
            values[row, [column_of[label] for label in labels]] = 1
    return Targets(values=values, label_names=names)


def is_long(frame: pd.DataFrame, columns: Columns, settings: TargetSettings) -> bool:
    """Whether a table has a row per label of an image: images repeat and no cell lists several."""
    if columns.label_list is None or settings.rows == "image":
        return False
    if settings.rows == "label" or columns.value is not None:
        return True
    cells = frame[columns.label_list].dropna().drop_duplicates()
    texts = [str(cell) for cell in cells]
    listed = find_separator(texts) or any(text.startswith(BRACKETS) for text in texts)
    return not listed and bool(frame[columns.image].duplicated().any())


def united(
    frame: pd.DataFrame,
    columns: Columns,
    settings: TargetSettings,
    image_ids: Sequence[str],
    log: ProblemLog,
) -> tuple[list[int], Targets]:
    """The images of a table with a row per label, and their targets.

    Without a column of values a label that is not listed is absent; with one it is unknown.

    Returns:
        The first row of every image, and targets in that order.

    Raises:
        ValueError: If a row seems to hold several labels.
    """
    log.guess("every row is one label of an image", flag="--data.rows")
    place_of = {image: place for place, image in enumerate(dict.fromkeys(image_ids))}
    first = [0] * len(place_of)
    for row in range(len(image_ids) - 1, -1, -1):
        first[place_of[image_ids[row]]] = row
    labels = ["" if pd.isna(cell) else label_text(cell) for cell in frame[columns.label_list]]
    names = tuple(sorted({label for label in labels if label}))
    check_listed_names(names, separator=settings.separator)
    column_of = {name: place for place, name in enumerate(names)}
    told = columns.value is not None
    values = np.full((len(first), len(names)), -1 if told else 0, dtype=np.int8)
    said = np.ones(len(labels), dtype=np.int8)
    if columns.value is not None:
        column, unreadable = read_words([frame[columns.value]], settings.coding, len(frame))
        said = column[:, 0]
        for row in np.flatnonzero(unreadable[:, 0]).tolist():
            where = f"{image_ids[row]}: {columns.value} = {frame[columns.value].iloc[row]!r}"
            log.add(
                "value that says neither present nor absent", where, row=place_of[image_ids[row]]
            )
    for row, (image, label) in enumerate(zip(image_ids, labels, strict=True)):
        if not label:
            continue
        cell = place_of[image], column_of[label]
        if told and values[cell] >= 0 and values[cell] != said[row]:
            log.add("contradicting rows", f"{image}: {label}", row=place_of[image])
        values[cell] = said[row]
    return first, Targets(values=values, label_names=names)


def _label_lists(
    column: pd.Series, settings: TargetSettings, image_ids: Sequence[str], log: ProblemLog
) -> list[list[str] | None]:
    """The labels of every row; None where unknown or unreadable.

    Raises:
        ValueError: If the separator was found, not told, and may have cut a label in two.
    """
    cells = column.tolist()
    separator = settings.separator or find_separator(str(cell).strip() for cell in cells)
    if separator and not settings.separator:
        log.guess(f"labels of a list are separated by {separator!r}", flag="--data.separator")
    bare = {text for cell in column.dropna() if (text := str(cell))[:1] not in BRACKETS}
    if not separator and (combined := made_of_words(bare)):
        what = f"labels may be made of words of others, as {combined[0]!r} is"
        log.guess(what, flag="--data.separator")
    lists: list[list[str] | None] = []
    nothing = {cell for cell in map(str, cells) if cell.strip().lower() in NO_LABEL_WORDS}
    if nothing:
        what = f"cells {', '.join(sorted(nothing))} say that labels are unknown"
        log.guess(what, flag="--data.blank_means")
    for row, cell in enumerate(cells):
        if str(cell) in nothing:
            lists.append(None)
            continue
        try:
            lists.append(parse_list(cell, separator))
        except ListError:
            log.add("unreadable label list", f"{image_ids[row]}: {str(cell)!r}", row=row)
            lists.append(None)
    if separator in IN_NAMES and not settings.separator and (pair := side_by_side(lists)):
        raise ValueError(
            f"Labels {pair[0]!r} and {pair[1]!r} stand side by side wherever either stands, so "
            f"they may be one label, {f'{separator} '.join(pair)!r}. If they are two, pass "
            f"--data.separator '{separator}'; if not, write another mark between labels, such as |."
        )
    return lists
