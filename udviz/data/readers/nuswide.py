"""NUS-WIDE: a list of images, and beside it a file of 0 and 1 for every concept."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from udviz.checks import shown
from udviz.data.dataset import Dataset
from udviz.data.images.digests import FileDigests
from udviz.data.images.finder import locate
from udviz.data.problems import ProblemLog
from udviz.data.readers.assemble import Rows, assemble
from udviz.data.splits import with_val
from udviz.data.tables.text import text_file

PARTS = {"Train": "train", "Test": "test"}  # word in the names of files -> split
LISTS = ("ImageList", ".")  # places below the root
LABELS = ("Groundtruth/TrainTestLabels", "TrainTestLabels", "Groundtruth", "ImageList", ".")
_LABEL_FILE = re.compile(r"Labels_(.+)_(Train|Test)\.txt")


def read_nuswide(
    root: Path | str,
    *,
    images: Path | str,
    val_fraction: float = 0.0,
    split_seed: int = 0,
    bad_images: str = "stop",
    verify: str = "header",
    digests: FileDigests | None = None,
) -> Dataset:
    r"""Read NUS-WIDE as its authors publish it.

    ``ImageList/TrainImagelist.txt`` names an image in each line, with backslashes; line k of
    ``Groundtruth/TrainTestLabels/Labels_<concept>_Train.txt`` is 1 where that image shows the
    concept, else 0. The same for ``Test``; validation is drawn from training.

    Args:
        root: The folder that holds ``ImageList`` and ``Groundtruth``.
        images: The folder of the photos.
        val_fraction: Share of training images held out as validation; 0 for 0.1.
        split_seed: Another seed draws another val.
        bad_images: ``stop`` raises if images cannot be used, ``set_aside`` goes on without them.
        verify: ``header`` looks at start and end of each file, ``decode`` decodes it, ``none``
            only asks whether it is there.
        digests: What is remembered of files that were read before; None for nothing.

    Returns:
        The data set; image ids are the names of the lists with ``/``, labels are sorted.

    Raises:
        DataProblems: If images cannot be used and ``bad_images`` is ``stop``.
        FileNotFoundError: If a list, a file of a concept or the folder of photos does not exist.
        ValueError: If a file of a concept does not hold one 0 or 1 for each image.

    Source:
        Chua et al. (2009), "NUS-WIDE: a real-world web image database from National University of
        Singapore".
    """
    root, images, log = Path(root), Path(images), ProblemLog()
    if not images.is_dir():
        raise FileNotFoundError(
            f"The photos of NUS-WIDE must be in a folder, got {images}. Name it below --data.root: "
            "--data.images Flickr."
        )
    names = {word: _image_names(root, word, log) for word in PARTS}
    label_names, files = _label_files(root)
    targets = np.concatenate(
        [_targets([files[n, word] for n in label_names], names[word], log) for word in PARTS]
    )
    image_ids = [name for word in PARTS for name in names[word]]
    given = [split for word, split in PARTS.items() for _ in names[word]]
    rows = Rows(
        image_ids=image_ids,
        paths=locate(images, image_ids, log),
        splits=with_val(given, targets, image_ids, log, val_fraction=val_fraction, seed=split_seed),
        targets=targets,
        difficult=np.zeros(targets.shape, dtype=bool),
    )
    return assemble(
        rows,
        log,
        name=root.resolve().name,
        label_names=label_names,
        bad_images=bad_images,
        verify=verify,
        digests=digests,
    )


def _image_names(root: Path, word: str, log: ProblemLog) -> list[str]:
    """The names in a list, with ``/``."""
    name = f"{word}Imagelist.txt"
    path = next((p for place in LISTS if (p := root / place / name).is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"NUS-WIDE must list its images in ImageList/{name}, but there is no such file in "
            f"{root}. Pass the folder that holds ImageList as --data.root."
        )
    lines = (line.strip().replace("\\", "/") for line in text_file(path, log).lines())
    return [line.removeprefix("./") for line in lines if line]


def _label_files(root: Path) -> tuple[tuple[str, ...], dict[tuple[str, str], Path]]:
    """The L concepts, sorted, and the file of each (concept, word of `PARTS`)."""
    for folder in (root / place for place in LABELS):
        matches = [(path, _LABEL_FILE.fullmatch(path.name)) for path in folder.glob("Labels_*.txt")]
        files = {(found[1], found[2]): path for path, found in matches if found}
        if files:
            break
    else:
        raise FileNotFoundError(
            "NUS-WIDE must hold Groundtruth/TrainTestLabels/Labels_<concept>_Train.txt and "
            f"_Test.txt for every concept; there is none in {root}. Pass the folder that holds "
            "Groundtruth as --data.root."
        )
    n_files = Counter(concept for concept, _ in files)
    if lonely := sorted(concept for concept, count in n_files.items() if count < len(PARTS)):
        raise FileNotFoundError(
            f"Every concept of NUS-WIDE must have a file for training and one for test, but "
            f"{shown(repr(lonely[0]))} has only one in {folder}. Add the other, or take it out."
        )
    return tuple(sorted(n_files)), files


def _targets(files: list[Path], images: list[str], log: ProblemLog) -> np.ndarray:
    """(N, L) int8 targets of one list of images."""
    targets = np.empty((len(images), len(files)), dtype=np.int8)
    for column, path in enumerate(files):
        cells = text_file(path, log).read().split()
        if len(cells) != len(images):
            raise ValueError(
                f"{path.name} must hold a line for each of the {len(images):,} images of its list, "
                f"got {len(cells):,}. Take list and labels from the same download."
            )
        if other := sorted(set(cells) - {"0", "1"}):
            raise ValueError(
                f"{path.name} must hold 0 (absent) or 1 (present), got {shown(repr(other[0]))} in "
                f"line {cells.index(other[0]) + 1:,}. Write it as one of these two."
            )
        targets[:, column] = np.array(cells) == "1"
    return targets
