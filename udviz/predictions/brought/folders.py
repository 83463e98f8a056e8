"""Folders of the library `datasets`: shards in Arrow (`save_to_disk`) or Parquet, by column."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from udviz.bounded import check_parquet
from udviz.predictions.brought.arrays import MOST_PACKED, SCALES, TARGETS
from udviz.predictions.brought.cells import whole, words_of
from udviz.predictions.brought.matrix import MOST_LABELS, Matrix, as_names, of_array, refused
from udviz.predictions.brought.tables import IDS, MOST_PARQUET, MOST_ROWS, is_numeric, of_columns

_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})")
_DICT = "dataset_dict.json"  # beside a folder per split

Column = Callable[[str], Any]  # name -> its values, as Arrow's chunks


def shards_of(folder: Path) -> list[Path]:
    """Files of the one split in a folder, in order.

    Raises:
        ValueError: If there is none, more than one split, or a shard is missing.
    """
    found = sorted(f for f in folder.glob("*.arrow") if _SHARD.fullmatch(f.stem))
    if not found:
        found = sorted(folder.glob("*.parquet")) or sorted(folder.glob("data/*.parquet"))
    if not found:
        raise refused(folder, "hold shards of one split, in Arrow or Parquet", _instead(folder))
    marks = [match.groups() for file in found if (match := _SHARD.fullmatch(file.stem))]
    splits = Counter(split for split, _, _ in marks)
    if len(splits) > 1 or len(marks) not in (0, len(found)) or (not marks and len(found) > 1):
        names = ", ".join(file.name for file in found[:4])
        raise refused(folder, "hold shards of one split", names)
    if marks and len(marks) != int(marks[0][2]):
        raise refused(folder, f"hold all {int(marks[0][2])} shards", f"{len(marks)}")
    return found


def _instead(folder: Path) -> str:
    """What lies in a folder without shards."""
    if not (folder / _DICT).is_file():
        return "none"
    splits = sorted(file.name for file in folder.iterdir() if file.is_dir())
    return f"a folder per split, {', '.join(splits)}; name one"


def read_folder(folder: Path, *, targets: bool) -> Matrix:
    """Scores or targets of a folder: a list per image, or a column per label.

    Raises:
        ValueError: If it is cut, or holds no such numbers.
    """
    shards = shards_of(folder)
    with whole(folder):
        parts = [_open(file) for file in shards]
    schema = parts[0].schema
    if any(not part.schema.equals(schema) for part in parts):
        raise refused(folder, "have the same columns in every shard", "others")

    def column(name: str) -> Any:
        with whole(folder):
            chunks = [chunk for part in parts for chunk in part.column(name).chunks]
            found = pa.chunked_array(chunks, schema.field(name).type)
            found.validate(full=True)
            return found

    lists = [field.name for field in schema if _is_list(field.type)]
    wanted = TARGETS if targets else tuple(SCALES)
    if not lists:
        return of_columns(folder, schema, sum(part.n_rows for part in parts), column)
    chosen = [name for name in lists if name in wanted] or lists
    if len(chosen) != 1:
        raise refused(folder, f"hold one list called {', '.join(wanted)}", ", ".join(chosen))
    return _of_lists(folder, schema, chosen[0], column, targets=targets)


class _Part:
    """One shard: its columns are read when they are wanted."""

    def __init__(self, schema: pa.Schema, n_rows: int, column: Column) -> None:
        self.schema, self.n_rows, self.column = schema, n_rows, column
        _ = schema.names  # raises where they are no text


def _open(file: Path) -> _Part:
    if file.suffix == ".arrow":
        table = pa.ipc.open_stream(pa.memory_map(str(file))).read_all()
        return _Part(table.schema, table.num_rows, table.column)
    check_parquet(file, most_rows=MOST_ROWS, most_bytes=MOST_PARQUET)
    shard = parquet.ParquetFile(file, memory_map=True)
    return _Part(
        shard.schema_arrow,
        shard.metadata.num_rows,
        lambda name: shard.read(columns=[name]).column(name),
    )


def _of_lists(
    folder: Path, schema: pa.Schema, name: str, column: Column, *, targets: bool
) -> Matrix:
    """A matrix of a column that holds a list of numbers per image."""
    lists, classes = column(name), _class_names(schema, name)
    if not len(lists):
        raise refused(folder, "hold a list per image", "no rows")
    if lists.null_count:
        raise refused(folder, f"hold a list in every row of {name}", "a row without")
    lengths = np.concatenate([np.asarray(c.value_lengths()) for c in lists.chunks])
    values = np.concatenate([c.flatten().to_numpy(zero_copy_only=False) for c in lists.chunks])
    if classes is not None and targets:
        matrix = _indicators(folder, lengths.astype(int), values, len(classes))
    elif lengths.min() != lengths.max() or values.nbytes > MOST_PACKED:
        raise refused(folder, f"hold lists of one number per label in {name}", "others")
    else:
        matrix = values.reshape(len(lengths), -1)
    ids = next((n for n in schema.names if n in IDS and _is_id(schema.field(n).type)), None)
    return of_array(
        matrix,
        source=folder.name,
        ids=None if ids is None else words_of(column(ids), folder),
        label_names=None if classes is None else as_names(classes),
        scale=SCALES.get(name),
    )


def _indicators(folder: Path, lengths: np.ndarray, labels: np.ndarray, n_labels: int) -> np.ndarray:
    """(N, L) 0/1 targets of lists that name the labels which are present."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    targets = np.zeros((len(lengths), n_labels), dtype=np.int8)
    if labels.size and not (labels.min() >= 0 and labels.max() < n_labels):
        raise refused(folder, f"name labels from 0 to {n_labels - 1}", f"{labels.max()}")
    targets[rows, labels] = 1
    if int(targets.sum()) != len(labels):
        raise refused(folder, "name each label of an image once", "one twice")
    return targets


def _class_names(schema: pa.Schema, name: str) -> Sequence[str] | None:
    """Names of the classes whose places the lists of a column hold, as `datasets` notes them."""
    try:
        about = json.loads((schema.metadata or {})[b"huggingface"])
        names = about["info"]["features"][name]["feature"]["names"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return None
    return names if isinstance(names, list) and 0 < len(names) <= MOST_LABELS else None


def _is_list(kind: Any) -> bool:
    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_kind(kind) for is_kind in kinds) and is_numeric(kind.value_type)


def _is_id(kind: Any) -> bool:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer)
    return any(is_kind(kind) for is_kind in kinds)
