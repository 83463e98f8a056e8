"""Images that are listed twice, and images of one split that are also in another."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from udviz.data.dataset import SPLITS
from udviz.data.problems import ProblemLog

Value = TypeVar("Value", str, bytes)


def note_repeats(
    image_ids: Sequence[str],
    splits: np.ndarray,
    contents: Mapping[int, bytes],
    log: ProblemLog,
) -> None:
    """Note repeated ids, ids in two splits, and files that are byte for byte in two splits.

    The first row in the most held-out split (test, then val) stays good, the others turn bad.

    Args:
        image_ids: The R ids.
        splits: (R,) split of each row.
        contents: Digest of each usable file, by row.
        log: Takes the problems; its bad rows are left out.
    """
    _note_repeated_ids(image_ids, splits, log)
    _note_shared_content(image_ids, splits, contents, log)


def _note_repeated_ids(image_ids: Sequence[str], splits: np.ndarray, log: ProblemLog) -> None:
    for image_id, group in _groups(dict(enumerate(image_ids)), log):
        keep = _most_held_out(group, splits)
        for row in (row for row in group if row != keep):
            if splits[row] == splits[keep]:
                log.add("duplicate id", image_id, row=row)
            else:
                where = f"{image_id} (in {splits[row]} and {splits[keep]})"
                log.add("image in two splits", where, row=row)


def _note_shared_content(
    image_ids: Sequence[str],
    splits: np.ndarray,
    contents: Mapping[int, bytes],
    log: ProblemLog,
) -> None:
    for _, group in _groups(contents, log):
        keep = _most_held_out(group, splits)
        for row in (row for row in group if splits[row] != splits[keep]):
            where = f"{image_ids[row]} in {splits[row]}, {image_ids[keep]} in {splits[keep]}"
            log.add("same file in two splits", where, row=row)


def _groups(values: Mapping[int, Value], log: ProblemLog) -> Iterator[tuple[Value, list[int]]]:
    """Values that two or more good rows share, with these rows."""
    rows_of: defaultdict[Value, list[int]] = defaultdict(list)
    for row, value in values.items():
        if row not in log.bad_rows:
            rows_of[value].append(row)
    yield from ((value, rows) for value, rows in rows_of.items() if len(rows) > 1)


def _most_held_out(rows: list[int], splits: np.ndarray) -> int:
    """The first row of the split that comes last in train, val, test."""
    return max(rows, key=lambda row: (SPLITS.index(splits[row]), -row))
