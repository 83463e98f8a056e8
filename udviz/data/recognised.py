"""What a folder of images seems to be, by the names of what lies in it: nothing is opened."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from udviz.data.readers.coco import ROBOFLOW, SINGLE
from udviz.data.readers.imagefolder import TABLES
from udviz.data.readers.openimages.csv_files import find_files
from udviz.data.readers.voc import MAIN
from udviz.data.splits import SPLIT_NAMES
from udviz.data.tables.frames import SUFFIXES

_IMAGES = ("images", "imgs", "photos", "JPEGImages")  # folders beside a table, in this order
_SPLITS = ("splits", "split")  # stems of tables
_MOST_ENTRIES = 10_000  # of a folder that are looked at for a table of another name


def recognised(place: Path) -> dict[str, str]:
    """Settings of a recipe's data section that fit what lies at ``place``.

    Args:
        place: A folder with images and labels, or the table of labels itself.

    Returns:
        Values by field, among them ``kind``; empty if nothing is known there.
    """
    if place.is_file() and place.suffix.lower() in SUFFIXES:
        return _table(place)
    if not place.is_dir():
        return {}
    readers = (_voc, _nuswide, _openimages, _coco, _tables)
    return next((settings for reader in readers if (settings := reader(place))), {})


def _voc(folder: Path) -> dict[str, str]:
    is_voc = (folder / MAIN).is_dir() or (folder / "Annotations").is_dir()
    below = [] if is_voc else list(islice(folder.glob(f"*/{MAIN}/"), 1))
    return {"kind": "voc"} if is_voc or below else {}


def _nuswide(folder: Path) -> dict[str, str]:
    return {"kind": "nuswide"} if (folder / "ImageList").is_dir() else {}


def _openimages(folder: Path) -> dict[str, str]:
    try:
        find_files(folder)
    except FileNotFoundError:
        return {}
    return {"kind": "openimages", "images": _images_beside(folder / "labels") or "."}


def _coco(folder: Path) -> dict[str, str]:
    """Files of instances as COCO names them, or what a program of annotation wrote."""
    files = [
        file
        for split in ("train", "val")  # the labels of COCO's own test split are secret
        for file in sorted((folder / "annotations").glob(f"instances_{split}*.json"))[:1]
    ]
    if files:
        named = dict(zip(("train", "test"), files, strict=False))
        return {"kind": "coco", "test_annotations": ""} | {
            key: value
            for split, file in named.items()
            for key, value in (
                (f"{split}_annotations", f"annotations/{file.name}"),
                (f"{split}_images", file.stem.removeprefix("instances_")),
            )
        }
    single = [folder / below / name for below in (".", "annotations") for name in SINGLE]
    is_coco = any(file.is_file() for file in (*single, folder / "train" / ROBOFLOW))
    return {"kind": "coco"} if is_coco else {}


def _tables(folder: Path) -> dict[str, str]:
    """A table of a known name, or the only one, with its images beside it or below."""
    at_top = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if at_top is not None and _images_beside(at_top):
        return _table(at_top)
    if at_top is not None or any(_tables_of_splits(folder)):
        return {"kind": "imagefolder"}
    known = (path for path in islice(folder.iterdir(), _MOST_ENTRIES) if _may_be_labels(path))
    first, *more = [*islice(known, 2), None]
    return _table(first) if first is not None and more == [None] else {}


def _tables_of_splits(folder: Path) -> Iterator[Path]:
    for path in folder.glob("*/"):
        if path.name.lower() in SPLIT_NAMES:
            yield from (path / name for name in TABLES if (path / name).is_file())


def _may_be_labels(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.stem not in _SPLITS and path.is_file()


def _table(table: Path) -> dict[str, str]:
    settings = {"kind": "table", "labels": table.name, "images": _images_beside(table) or "."}
    names = [f"{stem}{suffix}" for stem in _SPLITS for suffix in SUFFIXES]
    splits = next((name for name in names if (table.parent / name).is_file()), "")
    return settings | {"splits": "" if splits == table.name else splits}


def _images_beside(table: Path) -> str:
    return next((name for name in _IMAGES if (table.parent / name).is_dir()), "")
