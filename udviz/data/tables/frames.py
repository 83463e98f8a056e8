"""Label files as data frames: CSV, TSV, Parquet, JSON, JSON lines."""

import csv
import json
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from udviz.checks import shown
from udviz.data.images.finder import SUFFIXES as IMAGE_SUFFIXES
from udviz.data.problems import ProblemLog
from udviz.data.tables.columns import is_image_name
from udviz.data.tables.text import (
    TextFile,
    files_here,
    find_delimiter,
    said_delimiter,
    text_file,
)
from udviz.roots import check_place

SHOW_PROGRESS_AFTER = 2.0  # seconds
_ROWS_AT_ONCE = 50_000
SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".json")
# What pandas, pyarrow, json, csv and the text decoder raise on a file of another kind.
_UNREADABLE = (ValueError, csv.Error, RecursionError, OSError, LookupError, TypeError)
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


@dataclass(frozen=True, kw_only=True)
class FrameSettings:
    """How a table's file is read.

    Attributes:
        encoding: Python's name of its encoding; empty to find it.
        header: Whether the first line names the columns: ``auto``, ``yes`` or ``none``.
    """

    encoding: str = ""
    header: str = "auto"


def read_frame(
    path: Path, log: ProblemLog, settings: FrameSettings = FrameSettings()
) -> pd.DataFrame:
    """Read a table as it is written: no text is taken for a number, a date or a missing value.

    Names of columns are stripped. Columns without a name (row numbers, as pandas writes them) are
    left out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a table: the suffix, a repeated column, a ragged line.
    """
    kind = _kind(path)
    if kind in SPREADSHEETS:
        raise ValueError(
            f"{path} is a spreadsheet. Save it as CSV, and pass that as --data.labels."
        )
    if kind not in SUFFIXES:
        raise ValueError(f"A table must end in {', '.join(SUFFIXES)} (or .gz of it), got {path}.")
    if not path.is_file():
        others = files_here(path.parent, SUFFIXES)
        more = f" {others} Name one as --data.labels." if others else ""
        raise FileNotFoundError(f"There is no table at {path}.{more}")
    check_place(path, name=path.name)
    try:
        if kind == ".parquet":
            return _read_parquet(path)
        file = text_file(path, log, encoding=settings.encoding)
        if kind in (".jsonl", ".ndjson", ".json"):
            return _read_json(file)
        return _read_delimited(file, log, settings)
    except _UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as a table: {shown(str(error))}") from error


def _kind(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return (
        suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])
    )


def _read_parquet(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path)
    if frame.index.name is not None or not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(names=frame.index.name or "image")
    frame.columns = [str(column).strip() for column in frame.columns]
    odd = [column for column in frame.columns if frame[column].dtype == object]
    return frame.assign(**{column: frame[column].map(_cell) for column in odd})


def _cell(cell: Any) -> Any:
    """A cell; lists, arrays and objects as JSON text, so that cells can be compared.

    Raises:
        ValueError: If it holds the bytes of an image.
    """
    if isinstance(cell, dict) and set(cell) == {"bytes", "path"}:  # Hugging Face's image
        cell = cell["path"] if cell["bytes"] is None else cell["bytes"]
    if isinstance(cell, bytes):
        raise ValueError(
            "a column holds images as bytes. Save them as files, and their names in the column."
        )
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if isinstance(cell, set | frozenset):
        cell = sorted(cell, key=str)
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | tuple | dict) else cell


def _read_delimited(file: TextFile, log: ProblemLog, settings: FrameSettings) -> pd.DataFrame:
    delimiter = find_delimiter(file)
    usual = "\t" if _kind(file.path) == ".tsv" else ","
    with file.open() as opened:
        first = next(opened, "")
        start = [] if said_delimiter(first) else [first]
        lines = csv.reader(chain(start, opened), delimiter=delimiter)
        header, n_before = [], 0 if start else 1
        for cells in lines:
            if any(map(str.strip, cells)):
                header = [name.strip() for name in cells]
                break
            n_before += 1
        second = next(filter(None, lines), [])
    if delimiter != usual and len(header) > 1:
        log.guess(f"{file.path.name} is separated by {_NAMES[delimiter]}", flag="--data.labels")
    names = _column_names(header, second, settings, file.path)
    parts = pd.read_csv(
        file.path,
        sep=delimiter,
        names=names,
        header=None,
        skiprows=n_before + (settings.header != "none"),
        dtype=str,  # not "category", which turns 0001.0 into 1
        keep_default_na=False,
        skipinitialspace=True,
        encoding=file.encoding,
        compression="gzip" if file.compressed else None,
        chunksize=_ROWS_AT_ONCE,
    )
    named = [name for name in names if not name.startswith("\0")]
    bar: tqdm[Any] = tqdm(desc=f"reading {file.path.name}", unit=" rows", delay=SHOW_PROGRESS_AFTER)
    read = []
    with parts, bar:
        for part in parts:
            filled = (part != "").any(axis=1)  # spreadsheets leave empty rows
            read.append(part.loc[filled, named])
            bar.update(len(part))
    return pd.concat(read, ignore_index=True)


def _column_names(
    header: list[str], second: list[str], settings: FrameSettings, path: Path
) -> list[str]:
    """The names of all columns; those without one begin with a zero byte."""
    if settings.header == "none":
        return (
            ["image", "labels"]
            if len(header) == 2
            else ["image", *(f"label {place}" for place in range(1, len(header)))]
        )
    if settings.header == "auto" and any(c.lower().endswith(IMAGE_SUFFIXES) for c in header):
        raise ValueError(
            f"its first line must name the columns, got {', '.join(header[:4])}. Add a line of "
            "names, or pass --data.header none."
        )
    if not header:
        raise ValueError("it is empty.")
    named = [column for column in header if column]
    repeated = sorted(column for column, count in Counter(named).items() if count > 1)
    if repeated or not named:
        raise ValueError(f"its columns must have different names, got {repeated or 'none'} twice.")
    if len(second) > len(header):  # pandas would take the first cells for an index
        raise ValueError(
            f"its lines have more cells than its first has names ({len(header)}: "
            f"{shown(', '.join(header))}). Begin with a line that names all columns, and put cells "
            "that hold a separator into quotes."
        )
    return [column or f"\0{place}" for place, column in enumerate(header)]


def _read_json(file: TextFile) -> pd.DataFrame:
    """A list of objects, an object per line, or one object: by image, or by column."""
    text = file.read().strip()
    rows = _json_rows(text)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it must be a list of JSON objects, or a JSON object per line.")
    columns = list(dict.fromkeys(str(key).strip() for row in rows for key in row))
    return pd.DataFrame(
        {
            column: pd.Series([_cell(row.get(column)) for row in rows], dtype=object)
            for column in columns
        }
    )


def _json_rows(text: str) -> Any:
    if text.startswith("[") or "\n" not in text:
        content = json.loads(text)
    else:
        try:
            content = json.loads(text)  # one object over several lines
        except ValueError:
            content = _json_lines(text)
    return _rows_of_object(content) if isinstance(content, dict) else content


def _rows_of_object(content: dict[str, Any]) -> Any:
    """``{"a.jpg": ["cat"]}``, ``{"data": [...]}``, or ``{"image": [...], "labels": [...]}``."""
    if {"images", "annotations"} <= content.keys():
        raise ValueError("it holds COCO instances. Pass --data.kind coco.")
    values = list(content.values())
    if any(is_image_name(key) for key in content):
        if all(isinstance(value, dict) for value in values):  # as pandas writes a frame
            content = {key: list(value.values()) for key, value in content.items()}
        if not all(isinstance(value, list) for value in content.values()):
            return [content]
        cells = zip(*content.values(), strict=True)
        return [dict(zip(content, row, strict=True)) for row in cells]
    tables = [
        v for v in values if isinstance(v, list) and v and all(isinstance(r, dict) for r in v)
    ]
    if len(tables) == 1 and len(values) - len(tables) < 3:
        return tables[0]
    return [
        {"image": image, **(labels if isinstance(labels, dict) else {"labels": labels})}
        for image, labels in content.items()
    ]


def _json_lines(text: str) -> list[Any]:
    rows = []
    for place, line in enumerate(text.splitlines(), 1):
        try:
            rows += [json.loads(line)] if line.strip() else []
        except ValueError as error:
            raise ValueError(f"line {place} is no JSON object: {error}") from error
    return rows
