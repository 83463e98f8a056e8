"""Tables with one row for each image and label."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from udviz.predictions.brought.cells import numbers_of, whole
from udviz.predictions.brought.matrix import MOST_LABELS, Matrix, as_names, refused
from udviz.vocabulary import Scale


def from_long(path: Path, images: Any, labels: Any, scores: Any, *, scale: Scale | None) -> Matrix:
    """A matrix from rows of image, label and score; every pair must be there once."""
    (rows, ids), (columns, names) = (_coded(words, path) for words in (images, labels))
    shape = (len(ids), len(names))
    if shape[1] > MOST_LABELS or shape[0] * shape[1] != len(rows):
        raise refused(
            path,
            f"have one row for each of {shape[0]:,} images x {shape[1]:,} labels",
            f"{len(rows):,} rows",
        )
    seen = np.zeros(shape, dtype=bool)
    seen[rows, columns] = True
    if not seen.all():
        row, column = np.argwhere(~seen)[0]
        raise refused(
            path,
            "have one row for each image and label",
            f"none for {ids[row]}, {names[column]}, and another pair twice",
        )
    values = np.empty(shape, order="F")
    values[rows, columns] = numbers_of(scores, source=f"{path.name}, scores")
    return Matrix(
        source=path.name,
        shape=shape,
        column=lambda place: values[:, place],
        ids=ids,
        label_names=names,
        scale=scale,
    )


def _coded(words: Any, path: Path) -> tuple[np.ndarray, pd.Index]:
    """Of each row the place of its word among all words, in order of appearance."""
    if words.null_count:
        raise refused(path, "name image and label in every row", "a blank")
    with whole(path):
        codes, found = pd.factorize(words.to_pandas().astype(object))
    return codes, as_names(found)
