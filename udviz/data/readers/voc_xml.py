"""The annotations of Pascal VOC: one XML file of objects per image."""

import codecs
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from udviz.data.images.files import path_inside
from udviz.data.problems import ProblemLog
from udviz.data.readers.objects import Corners, ObjectList, relative_corners

ENCODINGS = (
    *("gb2312", "gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "koi8-r"),
    *("iso-8859-1", "iso-8859-15", "latin-1", "windows-1251", "windows-1252"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,100}encoding=[\"']([A-Za-z0-9_.-]{1,40})[\"']")
_HEAD = re.compile(r"^\s*<\?xml[^>]*\?>")


class AnnotationError(ValueError):
    """An annotation file that cannot be used, with the reason."""


@dataclass(frozen=True, kw_only=True)
class VocObject:
    """One object of an image.

    Attributes:
        label: Its name.
        corners: Left, top, right, bottom as fractions of the image; None if the box is unusable.
        difficult: The annotator's flag.
    """

    label: str
    corners: Corners | None
    difficult: bool


def read_annotations(
    folder: Path, image_ids: Sequence[str], log: ProblemLog
) -> tuple[ObjectList, tuple[str, ...]]:
    """Read ``<folder>/<image id>.xml`` of every row.

    Returns:
        The objects of all images, and the L label names met, sorted.
    """
    found = [_read(folder, row, image_id, log) for row, image_id in enumerate(image_ids)]
    label_names = tuple(sorted({item.label for items in found for item in items}))
    column_of = {label: column for column, label in enumerate(label_names)}
    objects = ObjectList()
    for row, items in enumerate(found):
        for item in items:
            column = column_of[item.label]
            objects.add(row, column, corners=item.corners, difficult=item.difficult)
            if item.corners is None:
                log.add("unusable box", f"{image_ids[row]}: {item.label}")
    return objects, label_names


def parse_annotation(path: Path) -> list[VocObject]:
    """The objects of one annotation file.

    Raises:
        FileNotFoundError: If there is none.
        AnnotationError: If it is not such a file. A document type is refused too: it can hold
            entities that grow without bound when they are put in.
    """
    if not os.path.isfile(path):  # a named pipe would be waited for
        raise FileNotFoundError(path)
    try:
        text = _text(path)
        if "<!DOCTYPE" in text:
            raise ValueError("it has a document type, which VOC files have not")
        root = ElementTree.fromstring(text)
        width, height = (float(root.findtext(f"size/{side}", "0")) for side in ("width", "height"))
        return [_object(element, width, height) for element in root.findall("object")]
    except (ElementTree.ParseError, ValueError) as error:
        raise AnnotationError(f"{path.name}: {error}.") from error


def _text(path: Path) -> str:
    """The file decoded before it is parsed, so that no encoding hides what is in it.

    What its first line declares is believed if people write text in that encoding: Chinese in GBK
    may happen to be UTF-8 as well, and mean something else.
    """
    content = path.read_bytes()
    declared = _DECLARED.match(content)
    said = declared.group(1).decode().lower() if declared else ""
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if marked else said if said in ENCODINGS else "utf-8-sig"
    try:
        return _HEAD.sub("", content.decode(encoding))
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not {encoding}; save it as UTF-8 ({error})") from error


def _object(element: ElementTree.Element, width: float, height: float) -> VocObject:
    label = element.findtext("name", "").strip()
    if not label:
        raise ValueError("an object has no name")
    sides = ("xmin", "ymin", "xmax", "ymax")
    left, top, right, bottom = (float(element.findtext(f"bndbox/{s}", "nan")) for s in sides)
    return VocObject(
        label=label,
        # the pixels xmin to xmax, counted from 1, belong to the box
        corners=relative_corners(left - 1, top - 1, right, bottom, width=width, height=height),
        difficult=element.findtext("difficult", "0").strip() == "1",
    )


def _read(folder: Path, row: int, image_id: str, log: ProblemLog) -> list[VocObject]:
    path = path_inside(folder, f"{image_id}.xml")
    if path is None:  # the image was noted already: it would lie outside its folder as well
        log.bad_rows.add(row)
        return []
    try:
        return parse_annotation(path)
    except FileNotFoundError:
        log.add("missing annotation", image_id, row=row)
    except AnnotationError as error:
        log.add("unreadable annotation", str(error), row=row)
    return []
