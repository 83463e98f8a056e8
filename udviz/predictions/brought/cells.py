"""Cells of a table as words and numbers, and what Arrow says of a damaged one as a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from udviz.predictions.brought.matrix import as_names, refused

_WORDS = {"": np.nan, "true": 1.0, "false": 0.0}  # of targets, besides numbers
_BROKEN = (pa.ArrowException, OSError, ValueError, UnicodeError, LookupError)


def words_of(column: Any, path: Path) -> pd.Index:
    """Ids of the images, or names of their groups; every row has one."""
    if column.null_count:
        raise refused(path, "name the image of every row", "a row without")
    with whole(path):
        return as_names(column.to_pandas())


def numbers_of(column: Any, *, source: str) -> np.ndarray:
    """Numbers of a column: NaN where it is blank; words as they are written in targets."""
    try:
        if pa.types.is_dictionary(column.type):
            coded = column.unify_dictionaries().combine_chunks().to_pandas()
            meant = np.array([_number(word) for word in coded.cat.categories] + [np.nan])
            found: np.ndarray = meant[coded.cat.codes]
            return found
        found = column.to_numpy()
        return found if found.dtype.kind in "biuf" else found.astype(np.float64)
    except _BROKEN as error:
        raise refused(source, "hold numbers", str(error).rstrip(".")) from error


@contextmanager
def whole(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a damaged file into a sentence that names it."""
    try:
        yield
    except _BROKEN as error:
        told = str(error).strip().rstrip(".")
        raise refused(path, "be a whole table of numbers", f"one that is not: {told}") from error


def is_number(word: str) -> bool:
    """Whether a cell may be a score or a target."""
    try:
        _number(word)
    except ValueError:
        return False
    return True


def _number(word: str) -> float:
    known = _WORDS.get(word.strip().lower())
    return float(word) if known is None else known
