"""What the form asks first: where the images are. What they seem to be fills in the rest."""

import os
from pathlib import Path
from typing import Any

import streamlit as st

from udviz.data.recognised import recognised
from udviz.recipe.data import DataConfig
from udviz.recipe.section import expand
from udviz.roots import check_place

ROOT = "data.root"
_FOUND = {  # fields of what was found there -> how they are told
    "labels": "labels of `{}`",
    "images": "images of `{}`",
    "splits": "splits of `{}`",
    "train_annotations": "training annotations of `{}`",
    "test_annotations": "test annotations of `{}`",
}
_KINDS = {
    "table": "A label table",
    "imagefolder": "An image folder with a table",
    "voc": "Laid out as Pascal VOC",
    "coco": "Annotations in COCO's format",
    "nuswide": "Laid out as NUS-WIDE",
    "openimages": "Laid out as Open Images",
}


def ask_folder(initial: str, *, key: str) -> str:
    """Ask for the folder, or the table, of a person's images; as it was typed."""
    return st.text_input(
        "Folder of your images, or their label table",
        initial,
        key=key,
        placeholder="/data/photos or /data/photos/labels.csv; empty = as the recipe has it",
        help="A path on the machine that runs this app. Nothing in it is changed.",
    ).strip()


def settings_there(typed: str) -> dict[str, Any]:
    """Fields of a recipe for the data at the place that was typed, by dotted name.

    Raises:
        ValueError: If it lies where nothing may be read, or names a variable that is not set.
        OSError: If its folder cannot be listed.
    """
    place = Path(os.path.expanduser(expand(typed, flag=f"--{ROOT}")))
    check_place(place, name=f"--{ROOT}")
    is_there = os.path.isfile(place) or os.path.isdir(place)  # also of a name that is too long
    found = recognised(place) if is_there else {}
    is_table = bool(found) and os.path.isfile(place)
    home = os.path.expanduser(typed)  # a variable stays one
    fields = {f"data.{name}": value for name, value in found.items()}
    return fields | {ROOT: os.path.dirname(home) if is_table else home}


def told(data: DataConfig) -> str:
    """What was taken for what, in a line of Markdown."""
    parts = [
        words.format(value.replace("`", "'"))
        for name, words in _FOUND.items()
        if (value := getattr(data, name)) and _matters(name, data.kind)
    ]
    return f"{_KINDS[data.kind]}: {', '.join(parts)}." if parts else f"{_KINDS[data.kind]}."


def _matters(field: str, kind: str) -> bool:
    return {"table": not field.endswith("annotations"), "coco": field.endswith("annotations")}.get(
        kind, False
    )
