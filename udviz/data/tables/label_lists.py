"""Cells that list labels: ``a|b``, ``a; b``, lists of JSON and Python, numpy's printed arrays."""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

SEPARATORS = ("|", ";", ",")
WORDS_FOR_SPACE = "space"  # what --data.separator calls a space
OBJECT_LABELS = ("categories", "category", "labels", "label")  # in {"bbox": [...], ...}
_BETWEEN_WORDS = re.compile(r"[\s/+&]+")
_OPEN, _QUOTES = "[({", "'\""
_NUMPY = re.compile(r"\[\s*(?:'[^']*'|\"[^\"]*\")(?:\s+(?:'[^']*'|\"[^\"]*\"))+\s*\]")
_NUMPY_ITEM = re.compile(r"'([^']*)'|\"([^\"]*)\"")
# MemoryError is what Python's parser says of text that is nested too deeply.
_NO_LIST = (ValueError, SyntaxError, RecursionError, MemoryError)


class ListError(ValueError):
    """A cell that is no list of labels."""


def find_separator(cells: Iterable[str]) -> str:
    """The first of `SEPARATORS` met in a cell that is not in brackets or quotes; empty if none."""
    cells = list(cells)
    seen = {
        mark
        for cell in cells
        if cell[:1] not in _OPEN + _QUOTES or not cell
        for mark in SEPARATORS
        if mark in cell
    }
    return next((mark for mark in SEPARATORS if mark in seen), "") or _space(set(cells))


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


def _space(cells: set[str]) -> str:
    """`WORDS_FOR_SPACE` if all cells with spaces are made of words that other cells are."""
    spaced = [cell for cell in cells if len(cell.split()) > 1]
    words = {word for cell in spaced for word in cell.split()}
    alone = words & cells
    all_made = len(spaced) > 1 and len(made_of_words(cells)) == len(spaced)
    return WORDS_FOR_SPACE if all_made and 2 * len(alone) >= len(words) else ""


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
        cell = _parse_brackets(text) if text[0] in _OPEN else None
        cell = _split(text, separator) if cell is None else cell
    if isinstance(cell, dict):
        cell = next((cell[key] for key in OBJECT_LABELS if key in cell), cell)
    if cell is None or cell is pd.NA or isinstance(cell, float):
        return None
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if not isinstance(cell, list | tuple | set | frozenset):
        raise ListError("not a list")
    if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in cell):
        raise ListError("a list of something else than words")
    items = sorted(cell, key=str) if isinstance(cell, set | frozenset) else cell
    return list(dict.fromkeys(label for item in items if (label := str(item).strip())))


def _split(text: str, separator: str) -> list[str]:
    if separator == WORDS_FOR_SPACE or separator == " ":
        return text.split()
    parts = text.split(separator) if separator else [text]
    return [_unquoted(part.strip()) for part in parts]


def _unquoted(text: str) -> str:
    whole = len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]
    return text[1:-1] if whole and text[0] not in text[1:-1] else text


def _parse_brackets(text: str) -> Any:
    """What brackets hold; None if they are a part of a label, as in ``(other) cat``."""
    if _NUMPY.fullmatch(text):  # Python would join its words into one
        return [single or double for single, double in _NUMPY_ITEM.findall(text)]
    try:
        return json.loads(text)
    except _NO_LIST:
        pass
    try:  # Python's own spelling, as pandas writes a list into a CSV file
        return ast.literal_eval(text)
    except _NO_LIST as error:
        if text[0] == "[" and text[-1] == "]" and not set(text[1:-1]) & set("[](){}'\"\\"):
            return [part.strip() for part in text[1:-1].split(",") if part.strip()]  # [a, b]
        if text[0] == "(":
            return None
        raise ListError("not a list") from error
