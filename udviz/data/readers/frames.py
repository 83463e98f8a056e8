"""Label files as data frames: CSV, TSV, Parquet, JSON lines."""

import csv
import json
from collections import Counter
from pathlib import Path

import pandas as pd

from udviz.checks import shown
from udviz.roots import check_place

IMAGE_COLUMNS = ("image", "file_name", "filename", "file", "path", "image_path", "image_id")
SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl")
# What pandas, pyarrow, json, csv and the text decoder raise on a file of another kind.
_UNREADABLE = (ValueError, csv.Error, RecursionError, OSError, LookupError, TypeError)


def read_frame(path: Path | str) -> pd.DataFrame:
    """Read a table as it is written: no text is taken for a number, a date or a missing value.

    Columns without a name (row numbers, as pandas writes them) are left out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a table: the suffix, a repeated column, a ragged line.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f"A table must end in {', '.join(SUFFIXES)}, got {path}.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no table at {path}.")
    check_place(path, name=path.name)
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        if path.suffix == ".jsonl":
            return _read_json_lines(path)
        return _read_delimited(path, "\t" if path.suffix == ".tsv" else ",")
    except _UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as a table: {shown(str(error))}") from error


def find_image_column(frame: pd.DataFrame, *, chosen: str | None) -> str:
    """The column with the image names: the chosen one, else one with a usual name, else the first.

    Raises:
        ValueError: If the chosen column, or any, does not exist.
    """
    if not len(frame.columns):
        raise ValueError("A table of labels must have columns, got none. Give each image a name.")
    if chosen is not None:
        require_columns(frame, [chosen], setting="image_column")
        return chosen
    usual = [column for column in IMAGE_COLUMNS if column in frame.columns]
    return usual[0] if usual else str(frame.columns[0])


def require_columns(frame: pd.DataFrame, columns: list[str], *, setting: str) -> None:
    """Raise unless ``frame`` has all ``columns``, naming the setting that asked for them."""
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise ValueError(
            f"`{setting}` must name columns of the table, got {shown(repr(absent))}. "
            f"It has {shown(', '.join(map(str, frame.columns)))}."
        )


def texts(column: pd.Series) -> list[str]:
    """The cells as stripped strings, "" where missing."""
    return ["" if pd.isna(cell) else str(cell).strip() for cell in column]


def _read_delimited(path: Path, delimiter: str) -> pd.DataFrame:
    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file, delimiter=delimiter)
        header = next(lines, [])
        first = next(filter(None, lines), [])
    named = [column for column in header if column]
    repeated = sorted(column for column, count in Counter(named).items() if count > 1)
    if repeated or not named:
        raise ValueError(f"its columns must have different names, got {repeated or 'none'} twice.")
    if len(first) > len(header):  # pandas would take the first cells for an index
        raise ValueError(f"its lines have more cells than the {len(header)} columns.")
    frame = pd.read_csv(
        path,
        sep=delimiter,
        names=[column or f"\0{place}" for place, column in enumerate(header)],
        header=0,
        dtype=str,  # not "category", which turns 0001.0 into 1
        keep_default_na=False,
        encoding="utf-8-sig",
    )
    return frame[named]


def _read_json_lines(path: Path) -> pd.DataFrame:
    with open(path, encoding="utf-8-sig") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("every line must be a JSON object.")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return pd.DataFrame(
        {column: pd.Series([row.get(column) for row in rows], dtype=object) for column in columns}
    )
