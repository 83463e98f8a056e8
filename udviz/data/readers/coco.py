"""COCO: instances in JSON, one file per split."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from udviz.data.dataset import Dataset
from udviz.data.images.finder import locate
from udviz.data.problems import ProblemLog
from udviz.data.readers.assemble import Rows, assemble
from udviz.data.readers.coco_json import Instances, read_instances
from udviz.data.readers.objects import Corners, ObjectList, relative_corners
from udviz.data.splits import hold_out


@dataclass(frozen=True, kw_only=True)
class CocoFiles:
    """Where things are below the root. The defaults are those of COCO 2017.

    Attributes:
        train_annotations: Instances of the training images.
        train_images: Folder of the training images.
        test_annotations: Instances of the test images; what COCO calls val has public labels.
        test_images: Folder of the test images.
    """

    train_annotations: str = "annotations/instances_train2017.json"
    train_images: str = "train2017"
    test_annotations: str = "annotations/instances_val2017.json"
    test_images: str = "val2017"


def read_coco(
    root: Path | str,
    *,
    files: CocoFiles = CocoFiles(),
    val_fraction: float = 0.1,
    split_seed: int = 0,
    bad_images: str = "stop",
    verify: str = "header",
) -> Dataset:
    """Read COCO: images, their labels and boxes.

    A label whose objects in an image are all marked ``iscrowd`` is unknown (-1) and flagged
    difficult; boxes of crowds carry the flag.

    Args:
        root: Folder that holds annotations and images.
        files: Where they are in it.
        val_fraction: Share of the training images that is drawn as val, from their names.
        split_seed: Another seed draws another val.
        bad_images: ``stop`` raises if images cannot be used, ``set_aside`` goes on without them.
        verify: ``header`` looks at start and end of each file, ``decode`` decodes it, ``none``
            only asks whether it is there.

    Returns:
        The data set; image ids are file names, labels are in the order of their category ids.

    Raises:
        DataProblems: If images cannot be used and ``bad_images`` is ``stop``.
        FileNotFoundError: If a file or folder does not exist.
        ValueError: If a file does not hold COCO instances.
    """
    root, log = Path(root), ProblemLog()
    train = read_instances(root / files.train_annotations)
    test = read_instances(root / files.test_annotations)
    n_train = len(train.images)
    image_ids = [image["file_name"] for image in (*train.images, *test.images)]
    held_out = hold_out(image_ids[:n_train], fraction=val_fraction, seed=split_seed)
    label_names = train.label_names()
    objects = ObjectList()
    _add_objects(objects, train, label_names, log, first_row=0)
    _add_objects(objects, test, label_names, log, first_row=n_train)
    targets, difficult = objects.targets(len(image_ids), len(label_names))
    rows = Rows(
        image_ids=image_ids,
        paths=[
            *locate(root / files.train_images, image_ids[:n_train], log),
            *locate(root / files.test_images, image_ids[n_train:], log, first_row=n_train),
        ],
        splits=np.concatenate([held_out, np.full(len(test.images), "test")]),
        targets=targets,
        difficult=difficult,
        boxes=objects.boxes(),
    )
    return assemble(
        rows,
        log,
        name=root.resolve().name,
        label_names=label_names,
        bad_images=bad_images,
        verify=verify,
    )


def _add_objects(
    objects: ObjectList,
    instances: Instances,
    label_names: Sequence[str],
    log: ProblemLog,
    *,
    first_row: int,
) -> None:
    place_of = {image["id"]: place for place, image in reversed([*enumerate(instances.images)])}
    column_of = {name: column for column, name in enumerate(label_names)}
    name_of = {category["id"]: category["name"] for category in instances.categories}
    for annotation in instances.annotations:
        place = place_of.get(annotation["image_id"])
        if place is None:
            log.add("annotation of an unknown image", f"image_id {annotation['image_id']}")
            continue
        image, category = instances.images[place], annotation["category_id"]
        name = name_of.get(category, f"category {category}")
        if name not in column_of:
            log.add("unknown label", f"{image['file_name']}: {name}")
            continue
        corners = _corners(annotation["bbox"], image)
        if corners is None:
            log.add("unusable box", f"{image['file_name']}: {name}")
        difficult = bool(annotation.get("iscrowd"))
        objects.add(first_row + place, column_of[name], corners=corners, difficult=difficult)


def _corners(bbox: Any, image: dict[str, Any]) -> Corners | None:
    try:
        left, top, width, height = map(float, bbox)
        size = {side: float(image[side]) for side in ("width", "height")}
    except (TypeError, ValueError, OverflowError):
        return None
    return relative_corners(left, top, left + width, top + height, **size)
