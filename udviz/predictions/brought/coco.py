"""Results of COCO about whole images: a JSON list of image, category and score."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from udviz.bounded import read_bytes
from udviz.predictions.brought.long_tables import from_long
from udviz.predictions.brought.matrix import Matrix, refused

MOST_JSON = 2**29  # bytes; read whole
_KEYS = ("image_id", "category_id", "score")
_NO_JSON = (ValueError, RecursionError, OSError)


def read_results(path: Path) -> Matrix:
    """Scores of every image and category; labels are called by their category's id.

    Raises:
        ValueError: If it is too large, cut, or lacks a score of an image and a category.
    """
    try:
        rows = json.loads(read_bytes(path, most=MOST_JSON), object_hook=_row)
    except _NO_JSON as error:
        raise refused(path, f"be whole JSON of at most {MOST_JSON:,} bytes", "another") from error
    if not isinstance(rows, list) or not all(type(row) is tuple for row in rows):
        raise refused(path, f"be a list of objects with {', '.join(_KEYS)}", "something else")
    images, labels, scores = zip(*rows, strict=True) if rows else ((), (), ())
    return from_long(
        path,
        pa.chunked_array([pa.array(images, pa.string())]),
        pa.chunked_array([pa.array(labels, pa.string())]),
        pa.chunked_array([pa.array(scores, pa.float64())]),
        scale=None,
    )


def _row(found: dict[str, Any]) -> tuple[str, str, float] | dict[str, Any]:
    """One object as image, label and score; itself if it is none."""
    image, label, score = (found.get(key) for key in _KEYS)
    is_named = all(isinstance(word, int | str) for word in (image, label))
    if not is_named or isinstance(score, bool) or not isinstance(score, int | float):
        return found
    return str(image), str(label), float(score)
