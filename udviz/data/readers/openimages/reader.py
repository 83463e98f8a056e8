"""Open Images: labels that people verified, present or absent, and boxes; all else is unknown."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from udviz.checks import check_choice, shown
from udviz.data.dataset import Dataset
from udviz.data.images.digests import FileDigests
from udviz.data.images.finder import locate
from udviz.data.problems import ProblemLog
from udviz.data.readers.assemble import Rows, assemble
from udviz.data.readers.openimages.csv_files import find_files, read_classes
from udviz.data.readers.openimages.hierarchy import read_hierarchy
from udviz.data.readers.openimages.statements import UNVERIFIED, Statements, read_statements
from udviz.data.splits import with_val
from udviz.data.tables.frames import SHOW_PROGRESS_AFTER

FOLDERS = {"train": "train", "val": "validation", "test": "test"}  # split -> of its images


def read_openimages(
    root: Path | str,
    *,
    images: Path | str,
    blank_means: str = "unknown",
    ignore_labels: Sequence[str] = (),
    val_fraction: float = 0.0,
    split_seed: int = 0,
    bad_images: str = "stop",
    verify: str = "header",
    digests: FileDigests | None = None,
) -> Dataset:
    """Read Open Images as it is published, or a part of it.

    A label is present (1) or absent (0) where people verified it (``Confidence`` 1 or 0 of a
    ``Source`` other than ``machine``), and present where they drew a box; what only a machine said
    is unknown (-1), as is what nobody said anything of. Boxes of a group (``IsGroupOf``) and of a
    depiction carry the difficult flag; their label is present. Labels are the classes that people
    verified in some image; two classes of one name are told apart by their machine names.
    The hierarchy of classes gives each label its topmost class; no label follows from another.

    Args:
        root: The folder of its CSV files, by their published names, or that of ``annotations``.
        images: The folder of the photos, ``train/<ImageID>.jpg``, ``validation``, ``test``.
        blank_means: What a label means of which nothing is said: ``unknown`` or ``absent``.
        ignore_labels: Classes to leave out, by either name.
        val_fraction: Share of training images drawn as val where there is no file; 0 for 0.1.
        split_seed: Another seed draws another val.
        bad_images: ``stop`` raises if images cannot be used, ``set_aside`` goes on without them;
            images that are not there then take no memory.
        verify: ``header`` looks at start and end of each file, ``decode`` decodes it, ``none``
            only asks whether it is there.
        digests: What is remembered of files that were read before; None for nothing.

    Returns:
        The data set; image ids are those of Open Images, labels in the order of their file.

    Raises:
        DataProblems: If images cannot be used, or a label is verified present and absent in one,
            and ``bad_images`` is ``stop``.
        FileNotFoundError: If there is no file of labels, none of classes or no folder of photos.
        ValueError: If a column is missing, a class has no name or a value no meaning.

    Source:
        Kuznetsova et al. (2020), "The Open Images Dataset V4". https://arxiv.org/abs/1811.00982
    """
    check_choice(blank_means, ("unknown", "absent"), name="blank_means")
    root, images, log = Path(root), Path(images), ProblemLog()
    files, class_files = find_files(root)
    classes = read_classes(class_files, log)
    listed: dict[tuple[str, str], int] = {}  # (split, image id) -> row
    bar = tqdm(files, desc="reading labels", unit=" files", delay=SHOW_PROGRESS_AFTER)
    said = Statements.joined([read_statements(file, classes, listed, log) for file in bar])
    names = [f"{FOLDERS[split]}/{image_id}.jpg" for split, image_id in listed]
    paths = locate(images, names, log)
    kept = np.array([p is not None or bad_images == "stop" for p in paths], dtype=bool)
    log.renumber(np.flatnonzero(kept).tolist())
    said = said.renumbered(_numbered(kept), np.arange(len(classes)))
    used = _used_classes(said, classes, ignore_labels, log)
    label_names = [
        name for name, is_used in zip(_told_apart(classes), used, strict=True) if is_used
    ]
    tops = read_hierarchy(root)
    above = [classes.get(tops.get(label, ""), "") for label in classes]
    said = said.renumbered(np.arange(int(kept.sum())), _numbered(used))
    image_ids = [image_id for (_, image_id), is_kept in zip(listed, kept, strict=True) if is_kept]
    given = [split for (split, _), is_kept in zip(listed, kept, strict=True) if is_kept]
    targets = _targets(said, image_ids, label_names, log)
    if blank_means == "absent":
        targets[targets == -1] = 0
    targets[targets == UNVERIFIED] = -1
    rows = Rows(
        image_ids=image_ids,
        paths=[path for path, is_kept in zip(paths, kept, strict=True) if is_kept],
        splits=with_val(given, targets, image_ids, log, val_fraction=val_fraction, seed=split_seed),
        targets=targets,
        difficult=np.zeros(targets.shape, dtype=bool),
        boxes=said.boxes,
    )
    return assemble(
        rows,
        log,
        name=root.resolve().name,
        label_names=label_names,
        bad_images=bad_images,
        verify=verify,
        digests=digests,
        supercategories=[name for name, is_used in zip(above, used, strict=True) if is_used],
    )


def _used_classes(
    said: Statements, classes: dict[str, str], ignore: Sequence[str], log: ProblemLog
) -> np.ndarray:
    """(K,) bool: classes that people verified in some image, and that are not left out."""
    if strangers := sorted({*ignore} - {*classes, *classes.values()}):
        raise ValueError(
            "--data.ignore_columns: must be names of classes, got "
            f"{shown(repr(strangers[0]))}. Take one that class-descriptions.csv holds."
        )
    verified = np.zeros(len(classes), dtype=bool)
    verified[said.label[said.value != UNVERIFIED]] = True
    ignored = np.array([not {*pair}.isdisjoint(ignore) for pair in classes.items()], dtype=bool)
    known = zip(classes.values(), verified | ignored, strict=True)
    log.add_all("class that nobody verified in any image", (name for name, k in known if not k))
    used: np.ndarray = verified & ~ignored
    return used


def _told_apart(classes: dict[str, str]) -> list[str]:
    """The names; with the machine name where two differ by case or punctuation at most."""
    spelt = {name: re.sub(r"[\W_]+", "", name.casefold()) for name in classes.values()}
    count = Counter(spelt[name] for name in classes.values())
    return [
        f"{name} ({label})" if count[spelt[name]] > 1 else name for label, name in classes.items()
    ]


def _targets(
    said: Statements, image_ids: Sequence[str], label_names: Sequence[str], log: ProblemLog
) -> np.ndarray:
    """(N, L) int8: 1 present, 0 absent, `UNVERIFIED`, -1 where nothing is said."""
    targets = np.full((len(image_ids), len(label_names)), -1, dtype=np.int8)
    for value in (UNVERIFIED, 0):
        targets[said.row[said.value == value], said.label[said.value == value]] = value
    row, label = said.row[said.value == 1], said.label[said.value == 1]
    denied = targets[row, label] == 0
    for r, c in dict.fromkeys(zip(row[denied].tolist(), label[denied].tolist(), strict=True)):
        where = f"{image_ids[r]}: {label_names[c]} is verified as present and as absent"
        log.add("contradicting rows", where, row=r)
    targets[row, label] = 1
    return targets


def _numbered(kept: np.ndarray) -> np.ndarray:
    """New number of each that is kept, -1 of the others."""
    return np.where(kept, kept.cumsum() - 1, -1)
