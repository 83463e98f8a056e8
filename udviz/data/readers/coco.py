"""COCO: instances in JSON, one file per split or one for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from udviz.checks import check_choice, shown
from udviz.data.dataset import Dataset
from udviz.data.images.digests import FileDigests
from udviz.data.images.finder import locate
from udviz.data.problems import ProblemLog
from udviz.data.readers.assemble import Rows, assemble
from udviz.data.readers.coco_json import Instances, read_instances
from udviz.data.readers.objects import Corners, ObjectList, relative_corners
from udviz.data.splits import SPLIT_NAMES, with_val
from udviz.data.tables.text import files_here

CROWD_MEANS = ("auto", "unknown", "present")
ROBOFLOW = "_annotations.coco.json"
SINGLE = ("result.json", "annotations.json", "instances_default.json", ROBOFLOW)


@dataclass(frozen=True, kw_only=True)
class CocoFiles:
    """Where things are below the root. The defaults are those of COCO 2017.

    Attributes:
        train_annotations: Instances of the training images.
        train_images: Folder of the training images.
        val_annotations: Instances of the validation images; empty to draw them from training.
        val_images: Folder of the validation images.
        test_annotations: Instances of the test images; what COCO calls val has public labels.
            Empty to draw them.
        test_images: Folder of the test images.
    """

    train_annotations: str = "annotations/instances_train2017.json"
    train_images: str = "train2017"
    val_annotations: str = ""
    val_images: str = "val2017"
    test_annotations: str = "annotations/instances_val2017.json"
    test_images: str = "val2017"


@dataclass(frozen=True, kw_only=True)
class _Part:
    """The instances of one file, the split they belong to (empty: to be drawn), their images."""

    split: str
    instances: Instances
    images: Path
    file: Path


def read_coco(
    root: Path | str,
    *,
    files: CocoFiles = CocoFiles(),
    val_fraction: float = 0.0,
    split_seed: int = 0,
    crowd_means: str = "auto",
    bad_images: str = "stop",
    verify: str = "header",
    digests: FileDigests | None = None,
) -> Dataset:
    """Read COCO: images, their labels and boxes.

    A label whose objects in an image are all marked ``iscrowd`` is unknown (-1) and flagged
    difficult; boxes of crowds carry the flag. Where every annotation is one, as tools that draw
    masks write it, they are present.

    Args:
        root: Folder that holds annotations and images. Where the files of COCO 2017 are not in
            it, those that Roboflow (``train/_annotations.coco.json``, ...) and Label Studio
            (``result.json``) write are looked for.
        files: Where they are in it.
        val_fraction: Share of the training images that is drawn as val where there is no file;
            0 is a tenth.
        split_seed: Another seed draws another val.
        crowd_means: ``unknown``, ``present``, or ``auto`` as said above.
        bad_images: ``stop`` raises if images cannot be used, ``set_aside`` goes on without them.
        verify: ``header`` looks at start and end of each file, ``decode`` decodes it, ``none``
            only asks whether it is there.
        digests: What is remembered of files that were read before; None for nothing.

    Returns:
        The data set; image ids are file names, labels are in the order of their category ids.

    Raises:
        DataProblems: If images cannot be used and ``bad_images`` is ``stop``.
        FileNotFoundError: If a file or folder does not exist.
        ValueError: If a file does not hold COCO instances, the files name different labels, or
            most annotations match no image.
    """
    check_choice(crowd_means, CROWD_MEANS, name="crowd_means")
    root, log = Path(root), ProblemLog()
    parts = _parts(root, files, log)
    label_names = _label_names(parts)
    objects, first_row = ObjectList(), 0
    crowds = _crowds_are_present(parts, crowd_means, log)
    image_ids: list[str] = []
    paths: list[Path | None] = []
    for part in parts:
        names = [image["file_name"] for image in part.instances.images]
        _add_objects(objects, part, label_names, log, first_row=first_row, crowds=crowds)
        paths += locate(part.images, names, log, first_row=first_row)
        image_ids += names
        first_row += len(names)
    targets, difficult = objects.targets(len(image_ids), len(label_names))
    given = [part.split for part in parts for _ in part.instances.images]
    rows = Rows(
        image_ids=image_ids,
        paths=paths,
        splits=with_val(given, targets, image_ids, log, val_fraction=val_fraction, seed=split_seed),
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
        digests=digests,
        supercategories=parts[0].instances.supercategories(),
    )


def _parts(root: Path, files: CocoFiles, log: ProblemLog) -> list[_Part]:
    """The instances of every split, as named or as found."""
    named = {split: getattr(files, f"{split}_annotations") for split in ("train", "val", "test")}
    if files == CocoFiles() and not (root / files.train_annotations).is_file():
        return _found_parts(root, files, log)
    alone = not named["val"] and not named["test"]
    return [
        _Part(
            split="" if alone else split,
            instances=read_instances(root / file, log),
            images=root / getattr(files, f"{split}_images"),
            file=root / file,
        )
        for split, file in named.items()
        if file
    ]


def _found_parts(root: Path, files: CocoFiles, log: ProblemLog) -> list[_Part]:
    folders = sorted(path for path in root.glob("*/") if path.name.lower() in SPLIT_NAMES)
    found = [folder / ROBOFLOW for folder in folders if (folder / ROBOFLOW).is_file()]
    if found:
        log.guess(
            "annotations and splits are those of the folders", flag="--data.train_annotations"
        )
        return [
            _Part(
                split=SPLIT_NAMES[file.parent.name.lower()],
                instances=read_instances(file, log),
                images=file.parent,
                file=file,
            )
            for file in found
        ]
    places = [root / name for name in SINGLE] + [root / "annotations" / name for name in SINGLE]
    single = next((place for place in places if place.is_file()), None)
    if single is None:
        raise FileNotFoundError(
            f"There is no COCO instances file at {root / files.train_annotations}, and none that "
            "Roboflow or Label Studio would write. Pass --data.train_annotations (alone with "
            f"--data.test_annotations '' to draw splits). {files_here(root, ('.json', '.json.gz'))}"
        )
    log.guess(f"all annotations are in {single.name}", flag="--data.train_annotations")
    return [_Part(split="", instances=read_instances(single, log), images=root, file=single)]


def _label_names(parts: Sequence[_Part]) -> tuple[str, ...]:
    """The labels, the same in all files.

    Raises:
        ValueError: If the files differ: a label that one does not name would count as absent.
    """
    names = parts[0].instances.label_names()
    for part in parts[1:]:
        if other := sorted(set(names) ^ set(part.instances.label_names())):
            raise ValueError(
                f"{parts[0].file.name} and {part.file.name} must name the same labels in "
                f"`categories`, but only one of them has {shown(', '.join(other))}. Images of the "
                "other would count as without them. Give both files the same categories."
            )
    return names


def _crowds_are_present(parts: Sequence[_Part], crowd_means: str, log: ProblemLog) -> bool:
    """Whether ``iscrowd`` says nothing of a label's presence."""
    if crowd_means != "auto":
        return crowd_means == "present"
    annotations = [item for part in parts for item in part.instances.annotations]
    everything = bool(annotations) and all(item.get("iscrowd") for item in annotations)
    if everything:
        what = "every annotation is `iscrowd`, as masks are written, so they count as present"
        log.guess(what, flag="--data.crowd_means")
    return everything


def _add_objects(
    objects: ObjectList,
    part: _Part,
    label_names: Sequence[str],
    log: ProblemLog,
    *,
    first_row: int,
    crowds: bool,
) -> None:
    images, annotations = part.instances.images, part.instances.annotations
    place_of = {image["id"]: place for place, image in reversed([*enumerate(images)])}
    column_of = {name: column for column, name in enumerate(label_names)}
    name_of = {item["id"]: item["name"] for item in part.instances.categories}
    strangers = [item["image_id"] for item in annotations if item["image_id"] not in place_of]
    if len(strangers) * 2 > len(annotations):
        raise ValueError(
            f"{part.file.name}: {len(strangers)} of {len(annotations)} annotations are of images "
            f"that `images` does not name, such as image_id {shown(repr(strangers[0]))}; an id "
            f"there is {shown(repr(images[0]['id'] if images else None))}. Their ids must match."
        )
    _check_categories(part, name_of)
    log.add_all("annotation of an unknown image", (f"image_id {image}" for image in strangers))
    for annotation in annotations:
        place = place_of.get(annotation["image_id"])
        if place is None:
            continue
        image, category = images[place], annotation["category_id"]
        name = name_of.get(category, f"category {category}")
        if name not in column_of:
            log.add("unknown label", f"{image['file_name']}: {name}")
            continue
        corners = _corners(annotation.get("bbox"), image)
        if corners is None and annotation.get("bbox"):
            log.add("unusable box", f"{image['file_name']}: {name}")
        difficult = bool(annotation.get("iscrowd")) and not crowds
        objects.add(first_row + place, column_of[name], corners=corners, difficult=difficult)


def _check_categories(part: _Part, name_of: dict[str, str]) -> None:
    """Raise if most annotations are of categories that the file does not name."""
    used = [annotation["category_id"] for annotation in part.instances.annotations]
    strangers = [category for category in used if category not in name_of]
    if len(strangers) * 2 > len(used):
        raise ValueError(
            f"{part.file.name}: {len(strangers)} of {len(used)} annotations are of categories that "
            f"`categories` does not name, such as category_id {shown(repr(strangers[0]))}; it has "
            f"{shown(', '.join(name_of))}. Their ids must match."
        )


def _corners(bbox: Any, image: dict[str, Any]) -> Corners | None:
    try:
        left, top, width, height = map(float, bbox)
        size = {side: float(image[side]) for side in ("width", "height")}
    except (TypeError, ValueError, OverflowError, KeyError):
        return None
    return relative_corners(left, top, left + width, top + height, **size)
