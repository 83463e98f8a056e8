"""Image folders as Hugging Face keeps them: images beside a metadata table."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pandas as pd

from udviz.data.dataset import Dataset
from udviz.data.problems import ProblemLog
from udviz.data.readers.frames import read_frame, require_columns, texts
from udviz.data.readers.table import DEFAULT_SETTINGS, SPLIT_COLUMN, TableSettings, dataset_of_table
from udviz.data.splits import SPLIT_NAMES

FILE_COLUMN = "file_name"
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")


def read_imagefolder(root: Path | str, *, settings: TableSettings = DEFAULT_SETTINGS) -> Dataset:
    """Read an image folder with ``metadata.csv``, ``.jsonl`` or ``.parquet``.

    The table lies in the folder itself, or one lies in each folder of a split (``train``,
    ``validation``, ``test``, ...). It has a column ``file_name``, relative to the table, and
    labels as `read_table` reads them: 0/1 columns or a column of label lists. Splits are, in this
    order, those of the column ``split``, of the folders' names, or drawn from the image names.

    Args:
        root: The folder.
        settings: Where in the tables to look, and how strict to be.

    Returns:
        The data set; image ids are paths relative to ``root``.

    Raises:
        DataProblems: If images cannot be used and ``settings.bad_images`` is ``stop``.
        FileNotFoundError: If there is no metadata.
        ValueError: If a table cannot be read or a setting does not fit it.
    """
    root = Path(root)
    column = settings.image_column or FILE_COLUMN
    tables = _find_tables(root)
    frame = pd.concat([_read_part(root, table, column) for table in tables], ignore_index=True)
    if (settings.split_column or SPLIT_COLUMN) not in frame.columns:
        frame = _with_splits_of_folders(frame, column)
    settings = replace(settings, name=settings.name or root.resolve().name, image_column=column)
    return dataset_of_table(frame, ProblemLog(), images=root, settings=settings)


def _find_tables(root: Path) -> list[Path]:
    """The metadata of ``root``, or else those of its split folders."""
    folders = sorted(path for path in root.glob("*/") if path.name.lower() in SPLIT_NAMES)
    at_top = [root / name for name in METADATA if (root / name).is_file()]
    below = [f / name for f in folders for name in METADATA if (f / name).is_file()]
    if not at_top and not below:
        raise FileNotFoundError(
            f"An image folder must hold {', '.join(METADATA)}, at its top or in train, validation "
            f"and test; there is none in {root}."
        )
    return at_top[:1] or below


def _read_part(root: Path, table: Path, column: str) -> pd.DataFrame:
    frame = read_frame(table)
    require_columns(frame, [column], setting="image_column")
    folder = table.parent.relative_to(root)
    names = [str(folder / name) if name else "" for name in texts(frame[column])]
    return frame.assign(**{column: names})


def _with_splits_of_folders(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """With a split column, if every image is in a folder with the name of a split."""
    folders = [PurePosixPath(name).parts[:1] for name in frame[column]]
    if not all(parts and parts[0].lower() in SPLIT_NAMES for parts in folders):
        return frame
    return frame.assign(**{SPLIT_COLUMN: [parts[0] for parts in folders]})
