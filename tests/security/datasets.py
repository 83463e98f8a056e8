"""The same three labelled photos as every kind of data set, with names that a test chooses."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from PIL import Image

from udviz.recipe.data import DataConfig

KINDS = ("csv", "tsv", "jsonl", "parquet", "imagefolder", "coco", "voc")
PHOTOS = ("a", "b", "c")
SPLITS = ("train", "val", "test")


def write_dataset(
    root: Path, kind: str, *, names: Sequence[str] = PHOTOS, label: str = "cat"
) -> DataConfig:
    """Write photos ``a``, ``b`` and ``c`` and annotations of ``names``, without their suffix.

    The annotations say that the images are train, val and test, and that all but the second carry
    ``label``.
    """
    for seed, photo in enumerate(PHOTOS):
        save_photo(root / "images" / f"{photo}.jpg", seed=seed)
    writer = {"coco": _write_coco, "voc": _write_voc, "imagefolder": _write_folder}
    return writer.get(kind, _write_table)(root, kind, list(names), label)


def save_photo(path: Path, *, seed: int = 0, size: int = 16) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def frame_of(names: Sequence[str], label: str) -> pd.DataFrame:
    files = [f"{name}.jpg" for name in names]
    return pd.DataFrame(
        {"image": files, label: list("101")[: len(files)], "split": SPLITS[: len(files)]}
    )


def instances(names: Sequence[str], label: str = "cat") -> dict[str, Any]:
    """One of COCO's files."""
    size = {"width": 16, "height": 16}
    return {
        "images": [{"id": i, "file_name": f"{n}.jpg", **size} for i, n in enumerate(names)],
        "annotations": [
            {"image_id": i, "category_id": 1, "bbox": [1, 1, 5, 5], "iscrowd": 0}
            for i in range(len(names))
            if i != 1
        ],
        "categories": [{"id": 1, "name": label}],
    }


def annotation(label: str = "cat") -> str:
    """One of VOC's files."""
    return (
        "<annotation><size><width>16</width><height>16</height></size><object>"
        f"<name>{escape(label)}</name><difficult>0</difficult><bndbox><xmin>1</xmin>"
        "<ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"
    )


def _write_table(root: Path, kind: str, names: list[str], label: str) -> DataConfig:
    file = root / f"labels.{kind}"
    if kind == "parquet":
        frame_of(names, label).to_parquet(file)
    elif kind == "jsonl":
        rows = [
            {"image": f"{name}.jpg", label: int(split != "val"), "split": split}
            for name, split in zip(names, SPLITS, strict=True)
        ]
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    else:
        frame_of(names, label).to_csv(file, index=False, sep="\t" if kind == "tsv" else ",")
    return DataConfig(kind="table", root=str(root), labels=file.name)


def _write_folder(root: Path, kind: str, names: list[str], label: str) -> DataConfig:
    frame = frame_of(names, label).rename(columns={"image": "file_name"})
    frame.to_csv(root / "images" / "metadata.csv", index=False)
    return DataConfig(kind="imagefolder", root=str(root / "images"))


def _write_coco(root: Path, kind: str, names: list[str], label: str) -> DataConfig:
    (root / "train.json").write_text(json.dumps(instances(names[:-1], label)))
    (root / "test.json").write_text(json.dumps(instances(names[-1:], label)))
    return DataConfig(
        kind="coco",
        root=str(root),
        train_annotations="train.json",
        test_annotations="test.json",
        train_images="images",
        test_images="images",
        val_fraction=0.5,
    )


def _write_voc(root: Path, kind: str, names: list[str], label: str) -> DataConfig:
    main, annotations = root / "ImageSets" / "Main", root / "Annotations"
    main.mkdir(parents=True)
    annotations.mkdir()
    for split, name in zip(SPLITS, names, strict=False):
        (main / f"{split}.txt").write_text(f"{name}\n")
    for photo in PHOTOS:
        (annotations / f"{photo}.xml").write_text(annotation(label if photo != "b" else "dog"))
    if not (root / "JPEGImages").exists():
        (root / "images").rename(root / "JPEGImages")
    return DataConfig(kind="voc", root=str(root))
