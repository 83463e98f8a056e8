"""From the rows a reader found to a checked data set; the same for every reader."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.checks import check_choice, is_text, shown
from udviz.data.dataset import Boxes, Dataset
from udviz.data.fingerprint import fingerprint_parts, joined
from udviz.data.images.decoding import read_image
from udviz.data.images.digests import FileDigest, FileDigests
from udviz.data.images.files import VERIFY, FileFacts, inspect_files
from udviz.data.images.leaks import note_repeats
from udviz.data.images.masks import MaskFolder
from udviz.data.problems import DataProblems, ProblemLog, describe_problem

BAD_IMAGES = ("stop", "set_aside")
LONGEST_LABEL = 1_000  # characters; more is a file that was read as something it is not


@dataclass(frozen=True, eq=False, kw_only=True)
class Rows:
    """What a reader found: one row for every time an image is listed, nothing checked yet.

    Attributes:
        image_ids: The R ids, perhaps with repeats.
        paths: The R files; None where the reader has already noted a problem with the row.
        splits: (R,) ``train``, ``val`` or ``test``; anything on rows with a problem.
        targets: (R, L) int8.
        difficult: (R, L) bool.
        boxes: Objects, ``image`` being the row.
        groups: (R,) names of groups; None without groups.
        slices: (R,) categories, a column per metadata column; None without any.
    """

    image_ids: Sequence[str]
    paths: Sequence[Path | None]
    splits: np.ndarray
    targets: np.ndarray
    difficult: np.ndarray
    boxes: Boxes | None = None
    groups: np.ndarray | None = None
    slices: pd.DataFrame | None = None


@dataclass(frozen=True)
class FileLoader:
    """Reads the image at an index; a class, because a closure cannot be pickled."""

    paths: tuple[Path, ...]

    def __call__(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8, upright RGB."""
        return read_image(self.paths[index])


def assemble(
    rows: Rows,
    log: ProblemLog,
    *,
    name: str,
    label_names: Sequence[str],
    bad_images: str,
    verify: str,
    make_masks: Callable[[Sequence[str]], MaskFolder] | None = None,
    digests: FileDigests | None = None,
    supercategories: Sequence[str] | None = None,
) -> Dataset:
    """Check the rows, set bad ones aside or stop, and make the data set.

    An image in two splits, by id or by content, is kept in the most held-out one (test, then val),
    so that a published test set stays whole.

    Args:
        rows: What the reader found.
        log: What the reader has noted so far; more is added.
        name: What a person calls the data set.
        label_names: The L label names.
        bad_images: ``stop`` raises if any image cannot be used, ``set_aside`` goes on without.
        verify: ``header`` looks at start and end of each file, ``decode`` decodes it, ``none``
            only asks whether it is there.
        make_masks: Finds the masks of the ids that are kept.
        digests: What is remembered of files that were read before.
        supercategories: The L classes that labels belong to; None where none are known.

    Raises:
        DataProblems: If images cannot be used and ``bad_images`` is ``stop``.
        OSError: If a mask cannot be read.
        ValueError: If there is no label, a repeated one or no image left, or a setting is not one
            of its choices.
    """
    check_choice(bad_images, BAD_IMAGES, name="bad_images")
    check_choice(verify, VERIFY, name="verify")
    _check_label_names(label_names, name, log)
    digests = digests or FileDigests()
    files, looks = _check_files(rows, log, verify, digests)
    contents = {row: file.digest for row, file in files.items()}
    note_repeats(rows.image_ids, rows.splits, rows.targets, contents, looks, log)
    left_out = log.bad_rows | log.left_out
    kept = np.array([r for r in range(len(rows.image_ids)) if r not in left_out], dtype=int)
    targets, splits = rows.targets[kept], rows.splits[kept].astype(str)
    in_train = (targets[splits == "train"] == 1).any(axis=0)  # (L,)
    empty = (label for label, found in zip(label_names, in_train, strict=True) if not found)
    log.add_all("label without a positive in train", empty)
    problems = log.problems()
    if bad_images == "stop" and log.bad_rows:
        raise DataProblems(name, problems)
    if not kept.size:
        raise ValueError(f"`{name}` must hold at least one usable image, got none. {_counted(log)}")

    image_ids = tuple(rows.image_ids[r] for r in kept)
    used = tuple(files[r] for r in kept.tolist())
    paths = tuple(file.path for file in used)
    masks = None if make_masks is None else make_masks(image_ids).read(digests)
    dataset = Dataset(
        name=name,
        label_names=tuple(label_names),
        image_ids=image_ids,
        splits=splits,
        targets=targets,
        difficult=rows.difficult[kept],
        load=FileLoader(paths),
        fingerprint="",
        paths=paths,
        files=used,
        boxes=None if rows.boxes is None else _select_boxes(rows.boxes, kept),
        load_mask=masks,
        problems=problems,
        guesses=tuple(log.guesses),
        groups=None if rows.groups is None else rows.groups[kept],
        slices=None if rows.slices is None else rows.slices.iloc[kept].reset_index(drop=True),
        supercategories=tuple(supercategories)
        if supercategories and any(supercategories)
        else None,
    )
    parts = fingerprint_parts(
        dataset,
        images=(file.digest for file in used),
        masks=() if masks is None else masks.contents(),
    )
    return replace(dataset, fingerprint=joined(parts), parts=parts)


def _counted(log: ProblemLog) -> str:
    listing = "; ".join(map(describe_problem, log.problems()))
    return f"{listing}." if listing else ""


def _check_label_names(label_names: Sequence[str], name: str, log: ProblemLog) -> None:
    if not label_names:
        raise ValueError(
            f"`{name}` must have at least one label, got none. {_counted(log)}".strip()
        )
    if repeated := [label for label, count in Counter(label_names).items() if count > 1]:
        raise ValueError(
            f"`{name}` must have different labels, got {shown(repr(repeated[0]))} twice."
        )
    odd = [label for label in label_names if len(label) > LONGEST_LABEL or not is_text(label)]
    if odd:
        raise ValueError(
            f"`{name}` must have labels of at most {LONGEST_LABEL:,} characters that UTF-8 can "
            f"write, got {shown(repr(odd[0]))}. Rename it in the file that names the labels."
        )


def _check_files(
    rows: Rows, log: ProblemLog, verify: str, digests: FileDigests
) -> tuple[dict[int, FileDigest], dict[int, int]]:
    """Note files that cannot be used; the others, and how those look that were decoded, by row."""
    listed = [(row, path) for row, path in enumerate(rows.paths) if path is not None]
    unique = list(dict.fromkeys(path for _, path in listed))
    inspected = inspect_files(unique, verify=verify, digests=digests)
    facts = dict(zip(unique, inspected, strict=True))
    for row, path in listed:
        _note_file(row, rows.image_ids[row], facts[path], log)
    files = {row: file for row, path in listed if (file := facts[path].file) is not None}
    looks = {row: look for row, path in listed if (look := facts[path].look) is not None}
    return files, looks


def _note_file(row: int, image_id: str, facts: FileFacts, log: ProblemLog) -> None:
    if facts.problem == "missing file":
        log.add(facts.problem, image_id, row=row)
    elif facts.problem:
        log.add(facts.problem, facts.detail, row=row)


def _select_boxes(boxes: Boxes, kept: np.ndarray) -> Boxes:
    """Boxes of the kept rows, numbered as those are."""
    new_index = np.full(int(max(kept.max(initial=0), boxes.image.max(initial=0))) + 1, -1)
    new_index[kept] = np.arange(len(kept))
    chosen = new_index[boxes.image] >= 0
    return Boxes(
        image=new_index[boxes.image[chosen]],
        label=boxes.label[chosen],
        corners=boxes.corners[chosen],
        difficult=boxes.difficult[chosen],
        visible=boxes.visible[chosen],
    )
