"""The lists in ``ImageSets/Main`` of Pascal VOC: splits, and labels of images."""

import re
from collections import defaultdict
from collections.abc import Sequence
from os.path import isfile
from pathlib import Path

import numpy as np

from udviz.data.images.files import path_inside
from udviz.data.images.finder import SUFFIXES
from udviz.data.problems import ProblemLog
from udviz.data.splits import SPLIT_NAMES, TRAINVAL
from udviz.data.tables.text import text_file
from udviz.vocabulary import SPLITS

DIFFICULT = "0"  # all objects of the label in the image are difficult
TARGET_OF = {"1": 1, "-1": 0, DIFFICULT: -1}


def listed_images(main: Path, *, pooled: bool, log: ProblemLog) -> tuple[list[str], np.ndarray]:
    """Every image once for each list it is in, with its split.

    Args:
        main: The folder of the lists.
        pooled: Whether train and val are one pool, of which val is still to be drawn.
        log: Takes what was guessed of the text.

    Returns:
        The R ids and (R,) splits.

    Raises:
        FileNotFoundError: If no image is listed for training.
    """
    lists = {split: _ids(main / f"{split}.txt", log) for split in (*SPLITS, TRAINVAL)}
    if not lists["train"] and not lists["val"]:
        lists["train"] = lists[TRAINVAL]
    if not lists["train"]:
        raise FileNotFoundError(f"VOC data must list images in train.txt, got none in {main}.")
    if pooled and lists["test"]:
        lists["train"], lists["val"] = lists["train"] + lists["val"], []
    ids = [image_id for split in SPLITS for image_id in lists[split]]
    return ids, np.array([split for split in SPLITS for _ in lists[split]], dtype="<U5")


def images_beside_annotations(folder: Path) -> tuple[list[str], np.ndarray]:
    """Images of a data set without lists, as Roboflow writes it: an ``.xml`` beside each image.

    Returns:
        The R ids, relative to ``folder`` and without suffix, and (R,) the splits that folders are
        named by; "" elsewhere.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    found = sorted(path.relative_to(folder).with_suffix("") for path in folder.rglob("*.xml"))
    if not found:
        raise FileNotFoundError(
            "VOC data must list images in ImageSets/Main/train.txt or hold an .xml file for each "
            f"image; there is neither in {folder}."
        )
    splits = [
        SPLIT_NAMES.get(path.parts[0].lower(), "") if path.parts[1:] else "" for path in found
    ]
    return [path.as_posix() for path in found], np.array(splits, dtype="<U5")


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
        for line in _lines(path, log):
            image_id, _, value = line.strip().rpartition(" ")
            rows = rows_of.get(_without_suffix(image_id.strip()), [])
            targets[rows, column] = TARGET_OF.get(value.strip(), -1)
            difficult[rows, column] = value.strip() == DIFFICULT
            if value.strip() not in TARGET_OF:
                for row in rows:
                    log.add("value other than 1, -1 or 0", f"{path.name}: {line}", row=row)
    return targets, difficult, label_names


def _label(path: Path) -> str:
    return path.stem.rpartition("_")[0]


def _ids(path: Path, log: ProblemLog) -> list[str]:
    """The image of every line, without suffix; none if there is no list, # begins a comment."""
    lines = [line.strip() for line in _lines(path, log)] if path.is_file() else []
    annotations = path.parents[2] / "Annotations"
    return [_image_of(line, annotations) for line in lines if line and not line.startswith("#")]


def _image_of(line: str, annotations: Path) -> str:
    """A whole line if it names an annotation, else its first word, else that without folders."""
    whole, first = _without_suffix(line), _without_suffix(line.split()[0])
    names = (whole, first, re.split(r"[\\/]", whole)[-1], re.split(r"[\\/]", first)[-1])
    places = ((name, path_inside(annotations, f"{name}.xml")) for name in dict.fromkeys(names))
    return next((name for name, place in places if place and isfile(place)), first)


def _without_suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in SUFFIXES else name


def _lines(path: Path, log: ProblemLog) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} must be a list of images, but is no file.")
    return text_file(path, log).lines()
