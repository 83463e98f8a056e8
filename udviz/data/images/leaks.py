"""Images that are listed twice, and images of one split that are also, or nearly, in another."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from udviz.data.dataset import SPLITS
from udviz.data.images.lookalikes import near_pairs
from udviz.data.problems import ProblemLog

Value = TypeVar("Value", str, bytes)


def note_repeats(
    image_ids: Sequence[str],
    splits: np.ndarray,
    targets: np.ndarray,
    contents: Mapping[int, bytes],
    looks: Mapping[int, int],
    log: ProblemLog,
) -> None:
    """Note repeated ids, ids in two splits, and files that are in two splits, as bytes or nearly.

    Those that only look alike are reported and stay good. Of all others the first row in the most
    held-out split (test, then val) stays good and the rest turn bad. Rows of one image that say the
    same are united; where they contradict each other all turn bad.

    Args:
        image_ids: The R ids.
        splits: (R,) split of each row.
        targets: (R, L) targets.
        contents: Digest of each usable file, by row.
        looks: `difference_hash` of each file that was decoded, by row.
        log: Takes the problems; its bad rows are left out.
    """
    _note_repeated_ids(image_ids, splits, targets, log)
    _note_shared_content(image_ids, splits, contents, log)
    _note_lookalikes(image_ids, splits, looks, log)


def _note_repeated_ids(
    image_ids: Sequence[str], splits: np.ndarray, targets: np.ndarray, log: ProblemLog
) -> None:
    for image_id, group in _groups(dict(enumerate(image_ids)), log):
        keep = _most_held_out(group, splits)
        if (targets[group] != targets[keep]).any():
            for row in group:
                log.add("contradicting rows", f"{image_id} (row {row + 1})", row=row)
            continue
        for row in (row for row in group if row != keep):
            if splits[row] == splits[keep]:
                log.add("repeated row", image_id)
                log.left_out.add(row)
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


def _note_lookalikes(
    image_ids: Sequence[str], splits: np.ndarray, looks: Mapping[int, int], log: ProblemLog
) -> None:
    """Note every image that looks like one of a more held-out split, once."""
    rows = np.array([r for r in looks if r not in log.bad_rows | log.left_out], dtype=int)
    order = [SPLITS.index(splits[row]) for row in rows]
    hashes = np.array([looks[row] for row in rows.tolist()], dtype=np.uint64)
    for row, other in near_pairs(hashes, np.array(order, dtype=int)):
        first, second = rows[row], rows[other]
        where = f"{image_ids[first]} in {splits[first]}, {image_ids[second]} in {splits[second]}"
        log.add("near-duplicate in two splits", where)


def _groups(values: Mapping[int, Value], log: ProblemLog) -> Iterator[tuple[Value, list[int]]]:
    """Values that two or more good rows share, with these rows."""
    rows_of: defaultdict[Value, list[int]] = defaultdict(list)
    for row, value in values.items():
        if row not in log.bad_rows and row not in log.left_out:
            rows_of[value].append(row)
    yield from ((value, rows) for value, rows in rows_of.items() if len(rows) > 1)


def _most_held_out(rows: list[int], splits: np.ndarray) -> int:
    """The first row of the split that comes last in train, val, test."""
    return max(rows, key=lambda row: (SPLITS.index(splits[row]), -row))
