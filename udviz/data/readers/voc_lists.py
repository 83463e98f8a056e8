"""The lists in ``ImageSets/Main`` of Pascal VOC: splits, and labels of images."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from udviz.data.dataset import SPLITS
from udviz.data.problems import ProblemLog
from udviz.data.splits import hold_out
from udviz.roots import check_place

HELD_OUT = 0.1  # share of train that becomes val where there is no list to spare for it
DIFFICULT = "0"  # all objects of the label in the image are difficult
TARGET_OF = {"1": 1, "-1": 0, DIFFICULT: -1}


def listed_images(
    main: Path, *, val_fraction: float | None, split_seed: int
) -> tuple[list[str], np.ndarray]:
    """Every image once for each list it is in, with its split; see `read_voc`.

    Raises:
        FileNotFoundError: If no image is listed for training.
        ValueError: If ``val_fraction`` is not a share.
    """
    train, val, test = (_first_words(main / f"{split}.txt") for split in SPLITS)
    if not train:
        raise FileNotFoundError(f"VOC data must list images in train.txt, got none in {main}.")
    if not test:
        val, test = [], val
    if val and val_fraction is None:
        splits = ["train"] * len(train) + ["val"] * len(val)
    else:
        share = HELD_OUT if val_fraction is None else val_fraction
        splits = hold_out(train + val, fraction=share, seed=split_seed).tolist()
    return train + val + test, np.array(splits + ["test"] * len(test))


def read_label_lists(
    main: Path, image_ids: Sequence[str], log: ProblemLog
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Read ``<label>_<split>.txt``: lines of image id and 1, -1 or 0.

    Returns:
        (R, L) int8 targets, -1 also where a label's lists do not name the image; (R, L) bool
        difficult flags; the L label names, sorted.
    """
    lists = sorted(path for split in SPLITS for path in main.glob(f"*_{split}.txt"))
    label_names = tuple(sorted({_label(path) for path in lists}))
    rows_of = defaultdict(list)
    for row, image_id in enumerate(image_ids):
        rows_of[image_id].append(row)
    targets = np.full((len(image_ids), len(label_names)), -1, dtype=np.int8)
    difficult = np.zeros(targets.shape, dtype=bool)
    for path in lists:
        column = label_names.index(_label(path))
        for line in _lines(path):
            image_id, _, value = line.partition(" ")
            rows = rows_of.get(image_id, [])
            targets[rows, column] = TARGET_OF.get(value.strip(), -1)
            difficult[rows, column] = value.strip() == DIFFICULT
            if value.strip() not in TARGET_OF:
                for row in rows:
                    log.add("value other than 1, -1 or 0", f"{path.name}: {line}", row=row)
    return targets, difficult, label_names


def _label(path: Path) -> str:
    return path.stem.rpartition("_")[0]


def _first_words(path: Path) -> list[str]:
    """The first word of every line; none if there is no such list."""
    lines = _lines(path) if path.is_file() else []
    return [words[0] for words in map(str.split, lines) if words]


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} must be a list of images, but is no file.")
    check_place(path, name=path.name)
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be a list of images in UTF-8: {error}.") from error
