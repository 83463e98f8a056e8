"""Instances files of COCO: images, objects and categories in one JSON document."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from udviz.checks import shown
from udviz.data.problems import ProblemLog
from udviz.data.tables.label_lists import label_text
from udviz.data.tables.text import text_file

REQUIRED = {
    "images": ("id",),
    "annotations": ("image_id", "category_id"),
    "categories": ("id", "name"),
}
_URLS = ("coco_url", "flickr_url", "url")
_IDS = ("id", "image_id", "category_id")
Part = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Instances:
    """The parts of an instances file that are used, as COCO names them; ids are text.

    Attributes:
        images: With ``id`` and ``file_name``.
        annotations: With ``image_id`` and ``category_id``; a box where there is one.
        categories: With ``id`` and ``name``, in the order of their ids.
    """

    images: Part
    annotations: Part
    categories: Part

    def label_names(self) -> tuple[str, ...]:
        """The names of the categories, by id; ids need not be contiguous.

        A category that nothing is annotated with and that is only the super-category of others, as
        labelling tools write it, is left out.
        """
        used = {annotation["category_id"] for annotation in self.annotations}
        above = {category.get("supercategory") for category in self.categories}
        return tuple(
            dict.fromkeys(
                category["name"]
                for category in self.categories
                if category["id"] in used
                or category["name"] not in above
                or category.get("supercategory") == category["name"]
            )
        )

    def supercategories(self) -> tuple[str, ...]:
        """What each label belongs to, empty where nothing is said or only its own name."""
        above = {c["name"]: c.get("supercategory") for c in self.categories}
        return tuple(
            parent if isinstance(parent := above[name], str) and parent != name else ""
            for name in self.label_names()
        )


def read_instances(path: Path, log: ProblemLog) -> Instances:
    """Read an instances file.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is not JSON, or a part or a key that is needed is absent.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no COCO instances file at {path}.")
    file = text_file(path, log)
    try:
        with file.open() as opened:
            content = json.load(opened, object_hook=_without_outline)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {shown(str(error))}.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold a JSON object, got {type(content).__name__}.")
    parts = {part: _checked(content.get(part), part, path) for part in REQUIRED}
    if not parts["categories"]:
        raise ValueError(
            f"{path} must name its labels in `categories`, but that list is empty. "
            "Export it again with categories."
        )
    named: dict[str, str] = {}
    for place, image in enumerate(parts["images"]):
        image["file_name"] = _file_name(image, place, path)
        if named.setdefault(image["id"], image["file_name"]) != image["file_name"]:
            raise ValueError(
                f"{path}: `images` must have an id each, but {shown(image['id'])} is "
                f"{shown(named[image['id']])} and {shown(image['file_name'])}."
            )
    parts["categories"].sort(key=lambda category: _by_number(category["id"]))
    return Instances(**parts)


def _file_name(image: dict[str, Any], place: int, path: Path) -> str:
    name = image.get("file_name") or next((image[url] for url in _URLS if image.get(url)), None)
    if not isinstance(name, str):
        raise ValueError(f"{path}: `images[{place}]` must have `file_name`, a text.")
    return name


def _by_number(value: str) -> tuple[int, float, str]:
    """Orders ids as numbers where they are, before the others."""
    try:
        return 0, float(value), value
    except ValueError:
        return 1, 0.0, value


def _without_outline(item: dict[str, Any]) -> dict[str, Any]:
    """Drop outlines while parsing: they are most of the file and are not used."""
    item.pop("segmentation", None)
    return item


def _checked(items: Any, part: str, path: Path) -> Part:
    """The items of a part, ids as text: ``3``, ``3.0`` and ``"3"`` are one id."""
    if not isinstance(items, list):
        raise ValueError(f"{path} must have a list `{part}`, as COCO instances have.")
    for place, item in enumerate(items):
        for key in REQUIRED[part]:
            if not isinstance(item, dict) or key not in item:
                raise ValueError(f"{path}: `{part}[{place}]` must have `{key}`.")
            if key in _IDS:
                item[key] = _id(item[key], f"{path}: `{part}[{place}].{key}`")
        if part == "categories":
            if not isinstance(item["name"], str | int) or not str(item["name"]).strip():
                raise ValueError(f"{path}: `categories[{place}].name` must be a text.")
            item["name"] = label_text(item["name"])
    return items


def _id(value: Any, where: str) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{where} must be a number or a text, got {shown(repr(value))}.")
    return str(value)
