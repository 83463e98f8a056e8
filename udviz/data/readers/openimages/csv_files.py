"""The CSV files of Open Images: which there are, and their columns as codes."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from udviz.checks import shown
from udviz.data.problems import ProblemLog
from udviz.data.splits import SPLIT_NAMES
from udviz.data.tables.text import TextFile, files_here, text_file
from udviz.vocabulary import SPLITS

PLACES = (".", "annotations", "labels", "metadata")  # below the root
_ANNOTATIONS = re.compile(
    r"(?:.+-)?(train|validation|val|test)-annotations-(human-imagelabels|machine-imagelabels|bbox)"
    r"(?:-boxable)?\.csv(?:\.gz)?"
)
_CLASSES = re.compile(r"(?:.+-)?class-descriptions(?:-\w+)?\.csv(?:\.gz)?")


@dataclass(frozen=True, kw_only=True)
class AnnotationFile:
    """A file of labels or boxes.

    Attributes:
        path: The file.
        split: Of its images.
        of_boxes: Whether a row is a box, else a label of an image.
    """

    path: Path
    split: str
    of_boxes: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Column:
    """A column of text, each different value once.

    Attributes:
        values: The different values.
        code: (R,) place in ``values`` of each row.
    """

    values: tuple[str, ...]
    code: np.ndarray

    def numbered(self, number_of: Mapping[str, int]) -> np.ndarray:
        """(R,) the number of each row's value."""
        numbers = np.array([number_of[value] for value in self.values], dtype=np.int64)
        return np.take(numbers, self.code)


def find_files(root: Path) -> tuple[list[AnnotationFile], list[Path]]:
    """Files of labels and boxes by split, and those that name the classes, by published names.

    Raises:
        FileNotFoundError: If there is no file of labels or boxes, or none of classes.
    """
    paths = [path for place in PLACES for path in sorted((root / place).glob("*.csv*"))]
    matches = [(path, _ANNOTATIONS.fullmatch(path.name)) for path in paths]
    found = [
        AnnotationFile(path=path, split=SPLIT_NAMES[match[1]], of_boxes=match[2] == "bbox")
        for path, match in matches
        if match
    ]
    classes = [path for path in paths if _CLASSES.fullmatch(path.name)]
    wanted = {
        "train-annotations-human-imagelabels.csv (or validation-, test-, with oidv7- before or "
        "-boxable after it)": found,
        "class-descriptions.csv": classes,
    }
    if lacking := next((name for name, files in wanted.items() if not files), ""):
        raise FileNotFoundError(
            f"Open Images must have a file {lacking} in {root} or its folder annotations. Pass "
            f"the folder of its files as --data.root. {files_here(root, ('.csv', '.csv.gz'))}"
        )
    return sorted(found, key=lambda file: (SPLITS.index(file.split), file.of_boxes)), classes


def read_classes(paths: Sequence[Path], log: ProblemLog) -> dict[str, str]:
    """Machine name -> name for people, in the order of the files; their first line may be a header.

    Raises:
        ValueError: If a line is not two cells, or a class has two names.
    """
    names: dict[str, str] = {}
    for path in paths:
        with text_file(path, log).open() as opened:
            lines = [line for line in csv.reader(opened) if line]
        for number, cells in enumerate(lines, 1):
            if len(cells) != 2 or not all(cell.strip() for cell in cells):
                raise ValueError(
                    f"{path.name} must hold LabelName,DisplayName in each line, got "
                    f"{shown(','.join(cells))} in line {number:,}."
                )
            label, name = (cell.strip() for cell in cells)
            if label != "LabelName" and names.setdefault(label, name) != name:
                raise ValueError(
                    f"{path.name} must give {shown(label)} one name, got {shown(repr(name))} and "
                    f"{shown(repr(names[label]))}. Take one of the two lines out."
                )
    return names


def read_columns(
    path: Path, log: ProblemLog, *, texts: Sequence[str], numbers: Sequence[str]
) -> tuple[dict[str, Column], dict[str, np.ndarray]]:
    """Some columns of a CSV file with a header, in a few bytes a row.

    Args:
        path: The file.
        log: Takes what was guessed of its encoding.
        texts: Names of the columns of text.
        numbers: Names of the columns of numbers.

    Returns:
        The columns of text, and (R,) float64 numbers, NaN where a cell is blank, by name.

    Raises:
        ValueError: If a column is missing, a line is ragged, or a cell that must be is no number.
    """
    file = text_file(path, log)
    _check_header(file, [*texts, *numbers])
    types = dict.fromkeys(texts, pa.dictionary(pa.int32(), pa.string()))
    try:
        with pa.input_stream(path, compression="gzip" if file.compressed else None) as stream:
            table = arrow_csv.read_csv(
                stream,
                read_options=arrow_csv.ReadOptions(encoding=file.encoding),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=types | dict.fromkeys(numbers, pa.float64()),
                    include_columns=[*texts, *numbers],
                ),
            )
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path.name} cannot be read: {shown(str(error))}.") from error
    values = {name: pc.fill_null(table[name], np.nan).to_numpy() for name in numbers}
    return {name: _column(table[name]) for name in texts}, values


def _check_header(file: TextFile, wanted: Sequence[str]) -> None:
    with file.open() as opened:
        header = next(csv.reader(opened), [])
    if lacking := [name for name in wanted if name not in header]:
        raise ValueError(
            f"{file.path.name} must have the columns {', '.join(wanted)}; it lacks "
            f"{', '.join(lacking)}, its first line is {shown(','.join(header))}. Take the file as "
            "Open Images publishes it."
        )


def _column(chunks: pa.ChunkedArray) -> Column:
    whole = chunks.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # of no row
        return Column(values=(), code=np.empty(0, dtype=np.int64))
    return Column(values=tuple(whole.dictionary.to_pylist()), code=whole.indices.to_numpy())
