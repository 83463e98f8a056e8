"""Image folders: images beside a table, one for all or one in each folder of a split."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pandas as pd

from udviz.data.dataset import Dataset
from udviz.data.problems import ProblemLog
from udviz.data.readers.table import DEFAULT_SETTINGS, SPLIT_COLUMN, TableSettings, dataset_of_table
from udviz.data.splits import SPLIT_NAMES
from udviz.data.tables.columns import is_image_name, require_columns, texts
from udviz.data.tables.frames import read_frame

TABLES = (
    *("metadata.csv", "metadata.jsonl", "metadata.parquet", "_classes.csv"),
    *("labels.csv", "labels.tsv", "labels.parquet", "labels.jsonl"),
)


def read_imagefolder(root: Path | str, *, settings: TableSettings = DEFAULT_SETTINGS) -> Dataset:
    """Read an image folder with a table, as Hugging Face (``metadata.*``) and Roboflow keep them.

    The table lies in the folder itself, or one lies in each folder of a split (``train``,
    ``valid``, ``test``, ...). It has a column of file names, relative to the table, and labels as
    `read_table` reads them. Splits are, in this order, those of a column, of the folders' names, or
    drawn.

    Args:
        root: The folder.
        settings: Where in the tables to look, and how strict to be.

    Returns:
        The data set; image ids are paths relative to ``root``.

    Raises:
        DataProblems: If images cannot be used and ``settings.bad_images`` is ``stop``.
        FileNotFoundError: If there is no table.
        ValueError: If a table cannot be read, tables of splits have different labels, or a setting
            does not fit it.
    """
    root, log = Path(root), ProblemLog()
    tables = _find_tables(root)
    frames = [read_frame(table, log, settings.frame) for table in tables]
    _check_same_columns(tables, frames)
    column = settings.columns.image_column or _file_column(frames[0])
    require_columns(frames[0], [column], flag="--data.image_column")
    parts = [_below(root, table, f, column) for table, f in zip(tables, frames, strict=True)]
    frame = pd.concat(parts, ignore_index=True)
    if not settings.columns.split_column and SPLIT_COLUMN not in frame.columns:
        frame = _with_splits_of_folders(frame, column)
    return dataset_of_table(
        frame,
        log,
        name=settings.name or root.resolve().name,
        images=root,
        settings=replace(settings, columns=replace(settings.columns, image_column=column)),
    )


def _find_tables(root: Path) -> list[Path]:
    """The table of ``root``, or else those of its split folders."""
    folders = sorted(path for path in root.glob("*/") if path.name.lower() in SPLIT_NAMES)
    at_top = [root / name for name in TABLES if (root / name).is_file()]
    below = [next((f / n for n in TABLES if (f / n).is_file()), None) for f in folders]
    found = at_top[:1] or [table for table in below if table is not None]
    if not found:
        raise FileNotFoundError(
            f"An image folder must hold one of {', '.join(TABLES)}, at its top or in train, valid "
            f"and test; there is none in {root}."
        )
    return found


def _file_column(frame: pd.DataFrame) -> str:
    names = [str(column) for column in frame.columns]
    return next((name for name in names if is_image_name(name)), names[0])


def _check_same_columns(tables: list[Path], frames: list[pd.DataFrame]) -> None:
    """Raise where the tables of splits name different columns: absent ones would be unknown."""
    first = set(frames[0].columns)
    for table, frame in zip(tables[1:], frames[1:], strict=True):
        if other := sorted(map(str, first ^ set(frame.columns))):
            raise ValueError(
                f"{table.parent.name}/{table.name} and {tables[0].parent.name}/{tables[0].name} "
                f"must have the same columns, but only one of them has {', '.join(other)}. Add "
                "them to the other, or take them out."
            )


def _below(root: Path, table: Path, frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The table with names of images relative to ``root``."""
    folder = table.parent.relative_to(root)
    names = [str(folder / name) if name else "" for name in texts(frame[column])]
    return frame.assign(**{column: names})


def _with_splits_of_folders(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """With a split column, if every image is in a folder with the name of a split."""
    folders = [PurePosixPath(name).parts[:1] for name in frame[column]]
    if not all(parts and parts[0].lower() in SPLIT_NAMES for parts in folders):
        return frame
    return frame.assign(**{SPLIT_COLUMN: [parts[0] for parts in folders]})
