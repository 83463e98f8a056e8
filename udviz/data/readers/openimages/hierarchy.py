"""The hierarchy of Open Images' classes: which of the topmost ones a class belongs to."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from udviz.checks import shown
from udviz.data.readers.openimages.csv_files import PLACES

FILES = "*hierarchy*.json"  # bbox_labels_600_hierarchy.json of the published ones


def read_hierarchy(root: Path) -> dict[str, str]:
    """Machine name of a class -> that of the topmost class above it; empty without a file.

    A class below several of them is told of the first. The topmost ones belong to none.

    Raises:
        ValueError: If the file is no such tree.
    """
    paths = [path for place in PLACES for path in sorted((root / place).glob(FILES))]
    if not paths:
        return {}
    try:
        tree = json.loads(paths[0].read_text(encoding="utf-8"))
        found: dict[str, str] = {}
        for top in tree["Subcategory"]:
            for below in _below(top):
                found.setdefault(below, top["LabelName"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{paths[0].name} must be a tree of LabelName and Subcategory, got another document "
            f"({type(error).__name__}: {shown(str(error))}). Take the file as Open Images "
            "publishes it, or put it elsewhere."
        ) from error
    return {label: top for label, top in found.items() if label != top}


def _below(node: dict[str, Any]) -> Iterator[str]:
    """The classes below one; its parts (*wheel* of *car*) are no kinds of it."""
    for child in node.get("Subcategory", ()):
        yield child["LabelName"]
        yield from _below(child)
