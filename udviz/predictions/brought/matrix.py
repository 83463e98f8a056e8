"""Numbers per image and label from somebody else's file: read a column at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from udviz.checks import shown
from udviz.vocabulary import Scale

MOST_IMAGES, MOST_LABELS = 2**24, 2**16
MOST_NAMES = 2**26  # characters of all ids, or of all label names, as an array holds them


@dataclass(frozen=True, eq=False, kw_only=True)
class Matrix:
    """What a file holds, before it is matched with others.

    Attributes:
        source: The file, as a message names it.
        shape: N images, L labels.
        column: Place of a label -> (N,) numbers, read when it is called.
        ids: The N ids of the images; None if the file does not say.
        label_names: The L labels; None if the file does not say.
        scale: What the numbers are, where the file says so.
        groups: (N,) names of the groups the images come in, where they were asked for.
    """

    source: str
    shape: tuple[int, int]
    column: Callable[[int], np.ndarray]
    ids: pd.Index | None = None
    label_names: pd.Index | None = None
    scale: Scale | None = None
    groups: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Check that names are as many as rows and columns, and no two alike."""
        (n_images, n_labels), what = self.shape, "images and labels"
        if not (0 < n_images <= MOST_IMAGES and 0 < n_labels <= MOST_LABELS):
            raise refused(
                self.source,
                f"hold 1 to {MOST_IMAGES:,} images and 1 to {MOST_LABELS:,} labels",
                f"{n_images:,} and {n_labels:,}",
            )
        for names, expected, what in (
            (self.ids, n_images, "image"),
            (self.label_names, n_labels, "label"),
        ):
            if names is None:
                continue
            if len(names) != expected:
                raise refused(
                    self.source, f"name each of its {expected:,} {what}s once", f"{len(names):,}"
                )
            if names.has_duplicates:
                twice = shown(names[names.duplicated()][0])
                raise refused(self.source, f"name every {what} once", f"{twice} twice")


def of_array(
    values: np.ndarray,
    *,
    source: str,
    ids: Any = None,
    label_names: Any = None,
    scale: Scale | None = None,
) -> Matrix:
    """A matrix of an (N, L) array of numbers, in memory or mapped.

    Raises:
        ValueError: If it is no (N, L) array of numbers, or names do not fit it.
    """
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise refused(
            source, "hold numbers of shape (N, L)", f"{values.dtype.str} of shape {values.shape}"
        )
    n_images, n_labels = values.shape
    return Matrix(
        source=source,
        shape=(n_images, n_labels),
        column=lambda place: np.asarray(values[:, place]),
        ids=None if ids is None else as_names(ids),
        label_names=None if label_names is None else as_names(label_names),
        scale=scale,
    )


def as_names(names: Any) -> pd.Index:
    """Ids or label names as words."""
    return pd.Index([str(name) for name in np.asarray(names).ravel().tolist()], dtype=object)


def refused(source: str | Path, must: str, got: str) -> ValueError:
    """An error that names a file, what it must do and what it does."""
    return ValueError(f"{shown(str(source))} must {must}, got {got}.")
