"""Tables: one column per label beside the images' ids, or one row per image and label."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from udviz.bounded import MOST_RECORD, check_parquet
from udviz.checks import shown
from udviz.predictions.brought.cells import is_number, numbers_of, whole, words_of
from udviz.predictions.brought.long_tables import from_long
from udviz.predictions.brought.matrix import Matrix, as_names, refused
from udviz.vocabulary import Scale

MOST_CSV = 2**32  # bytes; Parquet is read by column and may be larger
MOST_PARQUET, MOST_ROWS = 2**40, 2**28  # bytes of all columns; rows, in a long table of each pair
_INDEX = "__index_level_0__"  # pandas' own, without a name
IDS = (  # names of the column of ids; the last ones are those of tables whose index has no name
    *("image", "image_id", "id", "image_name", "filename", "file_name", "file", "path"),
    *("", "Unnamed: 0", _INDEX),
)
_SCORES: dict[str, Scale | None] = {"score": None, "logit": "logits", "prob": "probabilities"}
_SCORES |= {"probability": "probabilities"}


def read_csv(path: Path, *, targets: bool, groups: str = "") -> Matrix:
    """A CSV, or a TSV, wide or long; wide where a column of ``groups`` is asked for.

    Raises:
        ValueError: If it is too large, cut, or a cell is no number.
    """
    if path.stat().st_size > MOST_CSV:
        raise refused(path, f"have at most {MOST_CSV:,} bytes", "more; write it as Parquet")
    delimiter, decimal_point, names, first = _layout(path)
    if len(set(names)) < len(names):
        raise refused(path, "name every column once", "one twice")
    _check_groups(path, names, groups)
    long = None if groups else _long_columns(names)
    words = names[:1] if not first or not is_number(first[0]) else []
    words = list(long[:2]) if long else [name for name in names if name in IDS][:1] or words
    kinds: dict[str, Any] = {name: pa.float64() for name in names}
    if targets:  # as words: true, 1.0 and blank are targets too
        kinds = {name: pa.dictionary(pa.int32(), pa.string()) for name in names}
    kinds |= {
        name: pa.dictionary(pa.int32(), pa.string()) for name in [*words, *filter(None, [groups])]
    }
    with whole(path):
        table = arrow_csv.read_csv(
            path,
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
            convert_options=arrow_csv.ConvertOptions(
                column_types=kinds, decimal_point=decimal_point
            ),
        )
    if long:
        return from_long(path, *(table.column(name) for name in long), scale=_SCORES[long[2]])
    ids = words[0] if words else None
    return _wide(path, names, ids, table.num_rows, table.column, groups=groups)


def read_parquet(path: Path, *, groups: str = "") -> Matrix:
    """A Parquet table, wide (each column is read when it is wanted) or long.

    Wide where a column of ``groups`` is asked for.

    Raises:
        ValueError: If it is too large, cut, or a column holds no numbers.
    """
    with whole(path):
        check_parquet(path, most_rows=MOST_ROWS, most_bytes=MOST_PARQUET)
        file = parquet.ParquetFile(path, memory_map=True)
        schema = file.schema_arrow
    if len(set(schema.names)) < len(schema.names):
        raise refused(path, "name every column once", "one twice")
    _check_groups(path, schema.names, groups)

    def column(name: str) -> Any:
        with whole(path):
            return file.read(columns=[name]).column(name)

    if (long := _long_columns(_named(schema))) and not groups:
        with whole(path):
            words = parquet.ParquetFile(path, read_dictionary=list(long[:2]))
            coded = words.read(columns=list(long))
        return from_long(path, *(coded.column(name) for name in long), scale=_SCORES[long[2]])
    return of_columns(path, schema, file.metadata.num_rows, column, groups=groups)


def of_columns(
    path: Path, schema: pa.Schema, n_rows: int, column: Callable[[str], Any], *, groups: str = ""
) -> Matrix:
    """A matrix of a wide table: each column is read when it is wanted.

    Args:
        path: Of the table, for messages.
        schema: Its columns.
        n_rows: Its rows.
        column: Name of a column -> its values, as Arrow's chunks.
        groups: Column that says which images belong together; empty = none.

    Raises:
        ValueError: If a column holds no numbers, or its name is there twice.
    """
    texts = [
        name for name in schema.names if name != groups and not is_numeric(schema.field(name).type)
    ]
    names = _named(schema, groups=groups)
    named = [name for name in names if name in IDS][:1]
    if wrong := [name for name in texts if name not in (named or texts[:1])]:
        raise refused(path, "hold numbers in every column but that of the images' ids", wrong[0])
    ids = next(iter(named or texts), None)
    return _wide(path, names, ids, n_rows, column, groups=groups)


def _named(schema: pa.Schema, *, groups: str = "") -> list[str]:
    """Its columns, without pandas' own index where another one has the ids."""
    texts = {name for name in schema.names if not is_numeric(schema.field(name).type)}
    told = (texts - {groups} | set(IDS)) & set(schema.names) - {_INDEX}
    return [name for name in schema.names if name != _INDEX or not told]


def _check_groups(path: Path, names: list[str], groups: str) -> None:
    if groups and groups not in names:
        raise refused(path, f"have the column {shown(repr(groups))} of --groups", ", ".join(names))


def _wide(
    path: Path,
    names: list[str],
    ids: str | None,
    n_rows: int,
    column: Callable[[str], Any],
    *,
    groups: str,
) -> Matrix:
    labels = [name for name in names if name not in (ids, groups or None)]

    def numbers(place: int) -> np.ndarray:
        return numbers_of(column(labels[place]), source=f"{path.name}, column {labels[place]!r}")

    return Matrix(
        source=path.name,
        shape=(n_rows, len(labels)),
        column=numbers,
        ids=None if ids is None else words_of(column(ids), path),
        label_names=as_names(labels) if labels else None,
        groups=words_of(column(groups), path).to_numpy() if groups else None,
    )


def _long_columns(names: list[str]) -> tuple[str, str, str] | None:
    """Names of image, label and score, where the table has just these."""
    ids, scores = ([n for n in names if n in known] for known in (IDS, _SCORES))
    if len(names) == 3 and "label" in names and len(ids) == len(scores) == 1:
        return ids[0], "label", scores[0]
    return None


def _layout(path: Path) -> tuple[str, str, list[str], list[str]]:
    """Delimiter, decimal point, names of the columns, and the cells of the first row.

    Spreadsheets write semicolons, and commas into numbers, where people do so.
    """
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    names, first = _first_rows(path, delimiter)
    for other in (";", "\t"):
        named, cells = _first_rows(path, other)
        if len(names) == 1 and len(named) == len(cells) > 1:
            delimiter, names, first = other, named, cells
    pointed = [cell.replace(",", ".") for cell in first]
    changed = [new for new, old in zip(pointed, first, strict=True) if new != old]
    if delimiter != "," and any(map(is_number, changed)):
        return delimiter, ",", names, pointed
    return delimiter, ".", names, first


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


def is_numeric(kind: Any) -> bool:
    """Whether Arrow's type holds numbers or truth values."""
    return any(
        is_kind(kind)
        for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    )
