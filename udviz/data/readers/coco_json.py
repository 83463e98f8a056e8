"""Instances files of COCO: images, objects and categories in one JSON document."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from udviz.checks import shown
from udviz.roots import check_place

REQUIRED = {
    "images": ("id", "file_name", "width", "height"),
    "annotations": ("image_id", "category_id", "bbox"),
    "categories": ("id", "name"),
}
ID_TYPES = {"id": (int, str), "image_id": (int, str), "category_id": (int, str)} | dict.fromkeys(
    ("file_name", "name"), (str,)
)
Part = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Instances:
    """The parts of an instances file that are used, as COCO names them."""

    images: Part
    annotations: Part
    categories: Part

    def label_names(self) -> tuple[str, ...]:
        """The names of the categories, by id; ids need not be contiguous."""
        by_id = sorted(
            self.categories, key=lambda category: (str(type(category["id"])), category["id"])
        )
        return tuple(dict.fromkeys(category["name"] for category in by_id))


def read_instances(path: Path) -> Instances:
    """Read an instances file.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is not JSON, or a part or a key that is needed is absent.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no COCO instances file at {path}.")
    check_place(path, name=path.name)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file, object_hook=_without_outline)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {shown(str(error))}.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold a JSON object, got {type(content).__name__}.")
    return Instances(**{part: _checked(content.get(part), part, path) for part in REQUIRED})


def _without_outline(item: dict[str, Any]) -> dict[str, Any]:
    """Drop outlines while parsing: they are most of the file and are not used."""
    item.pop("segmentation", None)
    return item


def _checked(items: Any, part: str, path: Path) -> Part:
    if not isinstance(items, list):
        raise ValueError(f"{path} must have a list `{part}`, as COCO instances have.")
    for place, item in enumerate(items):
        for key in REQUIRED[part]:
            if not isinstance(item, dict) or key not in item:
                raise ValueError(f"{path}: `{part}[{place}]` must have `{key}`.")
            if key in ID_TYPES and not isinstance(item[key], ID_TYPES[key]):
                raise ValueError(f"{path}: `{part}[{place}].{key}` has the wrong type.")
    return items
