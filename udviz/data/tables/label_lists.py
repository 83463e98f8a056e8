"""Cells that list labels: ``a|b``, ``a; b``, lists of JSON and Python, numpy's printed arrays."""

import ast
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

SEPARATORS = ("|", ";", ",", "\n", "\t")
WORDS_BETWEEN = ("/", "+", "&", " and ")  # believed only if all parts are labels elsewhere too
IN_NAMES = (",", ";")  # separators that names of labels hold, too
TOGETHER_FROM = 3  # images; rarer labels may come together by chance
WORDS_FOR_SPACE = "space"  # what --data.separator calls a space
OBJECT_LABELS = (
    "categories",
    "category",
    "labels",
    "label",
    "name",
    "class",
)  # in {"bbox": [...], ...}
_BETWEEN_WORDS = re.compile(r"[\s/+&]+")
BRACKETS = ("[", "(", "{")
_QUOTES = "'\""
_NUMPY = re.compile(r"\[\s*(?:'[^']*'|\"[^\"]*\")(?:\s+(?:'[^']*'|\"[^\"]*\"))+\s*\]")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_EMPTY = ("{}", "set()", "frozenset()")
# MemoryError is what Python's parser says of text that is nested too deeply.
_NO_LIST = (ValueError, SyntaxError, RecursionError, MemoryError)


class ListError(ValueError):
    """A cell that is no list of labels."""


def find_separator(cells: Iterable[str]) -> str:
    """The first of `SEPARATORS` met outside brackets and quotes, or what else divides cells."""
    distinct = set(cells)
    bare = [
        _QUOTED.sub("", cell) if cell[0] in _QUOTES else cell
        for cell in distinct
        if cell and cell[0] not in BRACKETS
    ]
    found = (mark for mark in SEPARATORS if any(mark in cell for cell in bare))
    divided = (mark for mark in (*WORDS_BETWEEN, " ") if _divides(mark, distinct))
    mark = next(found, "") or next(divided, "")
    return WORDS_FOR_SPACE if mark == " " else mark


def made_of_words(labels: Iterable[str]) -> list[str]:
    """Labels all of whose words are labels by themselves or occur in several labels.

    Between words stand spaces, or ``/``, ``+``, ``&``.
    """
    names = set(labels)
    met: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        for word in _BETWEEN_WORDS.split(name):
            met[word].add(name)
    return [
        name
        for name in sorted(names)
        if len(words := _BETWEEN_WORDS.split(name)) > 1
        and all(w in names or len(met[w]) > 1 for w in words)
    ]


def _divides(mark: str, cells: set[str]) -> bool:
    """Whether all cells that hold the mark are made of parts that are cells, or in several."""
    parts_of = {cell: [p.strip() for p in cell.split(mark)] for cell in cells if mark in cell}
    parts_of = {cell: parts for cell, parts in parts_of.items() if all(parts)}
    met = Counter(part for parts in parts_of.values() for part in set(parts))
    alone = met.keys() & cells
    return (
        len(parts_of) > 1
        and all(part in cells or met[part] > 1 for part in met)
        and 2 * len(alone) >= len(met)
    )


def side_by_side(lists: Iterable[list[str] | None]) -> tuple[str, str] | None:
    """Two labels that stand next to each other, in one order, wherever either stands.

    They may be one label that was cut in two, as *New York, NY* is at its comma.
    """
    met, pairs = Counter[str](), Counter[tuple[str, str]]()
    for labels in lists:
        met.update(labels or ())
        pairs.update(pairwise(labels or ()))
    always = (pair for pair, n in pairs.items() if n >= TOGETHER_FROM and n == met[pair[0]])
    return next((pair for pair in always if met[pair[0]] == met[pair[1]]), None)


def parse_list(cell: Any, separator: str) -> list[str] | None:
    """The labels of one cell, stripped, each once; None if it is blank.

    Args:
        cell: Text, a list, objects as Hugging Face keeps them (a dictionary of lists), or nothing.
        separator: Between labels that are not in brackets; empty if there is none.

    Raises:
        ListError: If it is in brackets and no list of words or numbers.
    """
    if isinstance(cell, str):
        text = cell.strip()
        if not text:
            return None
        if text in _EMPTY:
            return []
        cell = _parse_brackets(text) if text[0] in BRACKETS else None
        cell = _split(text, separator) if cell is None else cell
    if isinstance(cell, dict):
        cell = _labels_of(cell)
    if cell is None or cell is pd.NA or isinstance(cell, float):
        return None
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if not isinstance(cell, list | tuple | set | frozenset):
        raise ListError("not a list")
    items = [_labels_of(item) if isinstance(item, dict) else item for item in cell]
    if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in items):
        raise ListError("a list of something else than words")
    items = sorted(items, key=str) if isinstance(cell, set | frozenset) else items
    return list(dict.fromkeys(label for item in items if (label := label_text(item))))


def label_text(name: object) -> str:
    """A label as it is kept: stripped, accents and letters composed (Unicode's NFC)."""
    return unicodedata.normalize("NFC", str(name).strip())


def _labels_of(item: dict[Any, Any]) -> Any:
    """What an object says: the keys that are 1 or true, if all are 0 or 1, or its labels."""
    if item and all(value in (0, 1) and isinstance(value, int) for value in item.values()):
        return [key for key, value in item.items() if value]
    return next((item[key] for key in OBJECT_LABELS if key in item), item)


def _split(text: str, separator: str) -> list[str]:
    if separator == WORDS_FOR_SPACE or separator == " ":
        return text.split()
    if (
        separator
        and text[0] in _QUOTES
        and not _QUOTED.sub("", text).replace(separator, "").strip()
    ):
        return _quoted(text)
    return [_unquoted(part.strip()) for part in text.split(separator or "\0")]


def _quoted(text: str) -> list[str]:
    return [single or double for single, double in _QUOTED.findall(text)]


def _unquoted(text: str) -> str:
    whole = len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]
    return text[1:-1] if whole and text[0] not in text[1:-1] else text


def _parse_brackets(text: str) -> Any:
    """What brackets hold; None if they are a part of a label, as in ``(other) cat``."""
    if _NUMPY.fullmatch(text):  # Python would join its words into one
        return _quoted(text)
    try:
        return json.loads(text)
    except _NO_LIST:
        pass
    try:  # Python's own spelling, as pandas writes a list into a CSV file
        return ast.literal_eval(text)
    except _NO_LIST as error:
        if text[0] + text[-1] in ("[]", "{}") and not set(text[1:-1]) & set("[](){}'\"\\"):
            return [part.strip() for part in text[1:-1].split(",") if part.strip()]  # [a, b]
        if text[0] == "(":
            return None
        raise ListError("not a list") from error
