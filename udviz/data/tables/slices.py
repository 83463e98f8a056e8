"""Slices: which value of a metadata column (source, camera, site, annotator, date) an image has."""

import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd

from udviz.checks import shown
from udviz.data.tables.columns import is_target_column, texts

MOST_VALUES = 20  # of a column that stay apart; all others are one slice
FEWEST_IMAGES = 20  # of a value that stays apart
BLANK, OTHER, SEVERAL = "(blank)", "(other)", "(several)"
FLAG = "--data.slice_columns"
_DATE = re.compile(r"(\d{4})[-/.:](\d{2})[-/.:]\d{2}")

Table = tuple[Sequence[str], pd.DataFrame]  # image ids of the rows, and the rows


def read_slices(
    tables: Sequence[Table], columns: Sequence[str], image_ids: Sequence[str]
) -> pd.DataFrame | None:
    """The slice of each image in each of ``columns``.

    Args:
        tables: Where the columns are; of two tables with such a column the first counts.
        columns: Their names.
        image_ids: N ids.

    Returns:
        (N,) categories per column: the `MOST_VALUES` most frequent values with at least
        `FEWEST_IMAGES` images, ``(blank)`` where a cell is empty or the image has no row,
        ``(several)`` where its rows differ, and ``(other)`` for the rest. Days are joined to
        months, or years, where there are too many. None without columns.

    Raises:
        ValueError: If a column is not there, or has not two values on enough images.
    """
    found = {column: _cells(tables, column, image_ids) for column in columns}
    slices = {column: _few(values, column) for column, values in found.items()}
    return pd.DataFrame(slices) if slices else None


def unused_slices(frame: pd.DataFrame, taken: set[str]) -> dict[str, list[str]]:
    """Text columns of few values that nothing reads, with their values."""
    found = {}
    for column in map(str, frame.columns.difference(list(taken), sort=False)):
        cells = frame[column]
        if cells.nunique() <= MOST_VALUES and not is_target_column(cells.drop_duplicates()):
            often = [v for v, n in Counter(texts(cells)).most_common() if v and n >= FEWEST_IMAGES]
            if len(often) > 1:
                found[column] = often
    return found


def _cells(tables: Sequence[Table], column: str, image_ids: Sequence[str]) -> list[str]:
    ids, frame = next(
        (table for table in tables if column in table[1].columns), (tables[0][0], None)
    )
    if frame is None:
        names = list(dict.fromkeys(str(name) for _, other in tables for name in other.columns))
        near = get_close_matches(column, names, n=1, cutoff=0.4)
        hint = f"The nearest is {shown(repr(near[0]))}. " if near else ""
        raise ValueError(
            f"{FLAG}: must name columns of the tables, got {shown(repr(column))}. "
            f"{hint}They have {shown(', '.join(names))}."
        )
    value_of: dict[str, str] = {}
    for image_id, cell in zip(ids, texts(frame[column]), strict=True):
        if value_of.setdefault(image_id, cell or BLANK) != (cell or BLANK):
            value_of[image_id] = SEVERAL
    return [value_of.get(image_id, BLANK) for image_id in image_ids]


def _few(values: list[str], column: str) -> pd.Series:
    """``values`` with the rare ones as one, the most frequent first."""
    counts = Counter(values)
    for digits in (7, 4):  # of a date: its month, its year
        if len(counts) > MOST_VALUES and all(_DATE.match(v) for v in counts if v[:1] != "("):
            values = [_DATE.sub(r"\1-\2-..", value)[:digits] for value in values]
            counts = Counter(values)
    kept = [v for v, n in counts.most_common(MOST_VALUES) if n >= FEWEST_IMAGES]
    names = [*kept, *([OTHER] if len(kept) < len(counts) else [])]
    if not kept or len(names) < 2:
        often = ", ".join(f"{value} ({n:,})" for value, n in counts.most_common(3))
        raise ValueError(
            f"{FLAG}: {shown(repr(column))} must have two values or more, one of them on "
            f"{FEWEST_IMAGES} images, got {len(counts):,}: {shown(often)}. Choose a column that "
            "tells groups of images apart, or join its values."
        )
    joined = np.where(np.isin(values, kept), values, OTHER)
    return pd.Series(pd.Categorical(joined, categories=list(dict.fromkeys(names))))
