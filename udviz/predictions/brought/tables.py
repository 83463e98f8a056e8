"""Tables: one column per label beside the images' ids, or one row per image and label."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from udviz.bounded import MOST_RECORD, check_parquet
from udviz.predictions.brought.matrix import (
    MOST_IMAGES,
    MOST_LABELS,
    Matrix,
    Scale,
    as_names,
    refused,
)

MOST_CSV = 2**32  # bytes; Parquet is read by column and may be larger
MOST_PARQUET = 2**40
_INDEX = "__index_level_0__"  # pandas' own, without a name
_IDS = (  # names of the column of ids; the last ones are those of tables whose index has no name
    *("image", "image_id", "id", "image_name", "filename", "file_name", "file", "path"),
    *("", "Unnamed: 0", _INDEX),
)
_SCORES: dict[str, Scale | None] = {"score": None, "logit": "logits", "prob": "probabilities"}
_SCORES |= {"probability": "probabilities"}
_WORDS = {"": np.nan, "true": 1.0, "false": 0.0}  # of targets, besides numbers
_BROKEN = (pa.ArrowException, OSError, ValueError, UnicodeError, LookupError)


def read_csv(path: Path, *, targets: bool) -> Matrix:
    """A CSV, or a TSV, wide or long.

    Raises:
        ValueError: If it is too large, cut, or a cell is no number.
    """
    if path.stat().st_size > MOST_CSV:
        raise refused(path, f"have at most {MOST_CSV:,} bytes", "more; write it as Parquet")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    names, first = _first_rows(path, delimiter)
    if len(set(names)) < len(names):
        raise refused(path, "name every column once", "one twice")
    long = _long_columns(names)
    words = names[:1] if not first or not _is_number(first[0]) else []
    words = list(long[:2]) if long else [name for name in names if name in _IDS][:1] or words
    kinds: dict[str, Any] = {name: pa.float64() for name in names}
    if targets:  # as words: true, 1.0 and blank are targets too
        kinds = {name: pa.dictionary(pa.int32(), pa.string()) for name in names}
    kinds |= {name: pa.dictionary(pa.int32(), pa.string()) for name in words}
    with _whole(path):
        table = arrow_csv.read_csv(
            path,
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
            convert_options=arrow_csv.ConvertOptions(column_types=kinds),
        )
    if long:
        return _from_long(path, *(table.column(name) for name in long), scale=_SCORES[long[2]])
    return _wide(path, names, words[0] if words else None, table.num_rows, table.column)


def read_parquet(path: Path) -> Matrix:
    """A Parquet table, wide (each column is read when it is wanted) or long.

    Raises:
        ValueError: If it is too large, cut, or a column holds no numbers.
    """
    with _whole(path):
        check_parquet(path, most_rows=MOST_IMAGES * 64, most_bytes=MOST_PARQUET)
        file = parquet.ParquetFile(path, memory_map=True)
        schema = file.schema_arrow
    texts = [name for name in schema.names if not _holds_numbers(schema.field(name).type)]
    told = {*texts, *_IDS} & set(schema.names) - {_INDEX}
    names = [name for name in schema.names if name != _INDEX or not told]

    def column(name: str) -> Any:
        with _whole(path):
            return file.read(columns=[name]).column(name)

    if len(set(names)) < len(names):
        raise refused(path, "name every column once", "one twice")
    if long := _long_columns(names):
        with _whole(path):
            words = parquet.ParquetFile(path, read_dictionary=list(long[:2]))
            coded = words.read(columns=list(long))
        return _from_long(path, *(coded.column(name) for name in long), scale=_SCORES[long[2]])
    named = [name for name in names if name in _IDS][:1]
    if wrong := [name for name in texts if name not in (named or texts[:1])]:
        raise refused(path, "hold numbers in every column but that of the images' ids", wrong[0])
    ids = next(iter(named or texts), None)
    return _wide(path, names, ids, file.metadata.num_rows, column)


def _wide(
    path: Path, names: list[str], ids: str | None, n_rows: int, column: Callable[[str], Any]
) -> Matrix:
    labels = [name for name in names if name != ids]

    def numbers(place: int) -> np.ndarray:
        return _numbers(column(labels[place]), source=f"{path.name}, column {labels[place]!r}")

    return Matrix(
        source=path.name,
        shape=(n_rows, len(labels)),
        column=numbers,
        ids=None if ids is None else _words(column(ids), path),
        label_names=as_names(labels) if labels else None,
    )


def _words(column: Any, path: Path) -> pd.Index:
    if column.null_count:
        raise refused(path, "name the image of every row", "a row without")
    with _whole(path):
        return as_names(column.to_pandas())


def _numbers(column: Any, *, source: str) -> np.ndarray:
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


def _from_long(path: Path, images: Any, labels: Any, scores: Any, *, scale: Scale | None) -> Matrix:
    """A matrix from rows of image, label and score; every pair must be there once."""
    (rows, ids), (columns, names) = (_coded(words, path) for words in (images, labels))
    shape = (len(ids), len(names))
    if shape[1] > MOST_LABELS or shape[0] * shape[1] != len(rows):
        raise refused(
            path,
            f"have one row for each of {shape[0]:,} images x {shape[1]:,} labels",
            f"{len(rows):,} rows",
        )
    seen = np.zeros(shape, dtype=bool)
    seen[rows, columns] = True
    if not seen.all():
        row, column = np.argwhere(~seen)[0]
        raise refused(
            path,
            "have one row for each image and label",
            f"none for {ids[row]}, {names[column]}, and another pair twice",
        )
    values = np.empty(shape, order="F")
    values[rows, columns] = _numbers(scores, source=f"{path.name}, scores")
    return Matrix(
        source=path.name,
        shape=shape,
        column=lambda place: values[:, place],
        ids=ids,
        label_names=names,
        scale=scale,
    )


def _coded(words: Any, path: Path) -> tuple[np.ndarray, pd.Index]:
    """Of each row the place of its word among all words, in order of appearance."""
    if words.null_count:
        raise refused(path, "name image and label in every row", "a blank")
    with _whole(path):
        codes, found = pd.factorize(words.to_pandas().astype(object))
    return codes, as_names(found)


def _long_columns(names: list[str]) -> tuple[str, str, str] | None:
    """Names of image, label and score, where the table has just these."""
    ids, scores = ([n for n in names if n in known] for known in (_IDS, _SCORES))
    if len(names) == 3 and "label" in names and len(ids) == len(scores) == 1:
        return ids[0], "label", scores[0]
    return None


def _first_rows(path: Path, delimiter: str) -> tuple[list[str], list[str]]:
    """Names of the columns and the cells of the first row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [file.readline(MOST_RECORD), file.readline(MOST_RECORD)]
        rows = list(csv.reader(lines, delimiter=delimiter))
    except (OSError, ValueError, csv.Error) as error:
        raise refused(path, "be a table in UTF-8 text", "something else") from error
    if not rows or not rows[0]:
        raise refused(path, "begin with a row of column names", "none")
    return rows[0], rows[1] if len(rows) > 1 else []


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a damaged file into a sentence that names it."""
    try:
        yield
    except _BROKEN as error:
        told = str(error).strip().rstrip(".")
        raise refused(path, "be a whole table of numbers", f"one that is not: {told}") from error


def _holds_numbers(kind: Any) -> bool:
    return any(
        is_kind(kind)
        for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    )


def _is_number(word: str) -> bool:
    try:
        _number(word)
    except ValueError:
        return False
    return True


def _number(word: str) -> float:
    known = _WORDS.get(word.strip().lower())
    return float(word) if known is None else known
