"""What a labelled image set is: one frozen record, whatever it was read from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.checks import check_targets
from udviz.data.images.digests import FileDigest

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, eq=False, kw_only=True)
class Boxes:
    """Objects of the whole set as columns, one row per object.

    Attributes:
        image: (M,) index of the image in [0, N).
        label: (M,) index of the label in [0, L).
        corners: (M, 4) left, top, right, bottom as fractions of the image's width and height.
        difficult: (M,) bool, the annotator's *difficult* (VOC) or *crowd* (COCO) flag.
        visible: (M,) fraction of the object that is visible in [0, 1]; NaN where not known.
    """

    image: np.ndarray
    label: np.ndarray
    corners: np.ndarray
    difficult: np.ndarray
    visible: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One kind of trouble met while reading.

    Attributes:
        kind: Short name, e.g. ``missing file``.
        count: How often it was met.
        examples: The first few places, as a person would look them up.
        fatal: Whether the affected images cannot be used at all.
    """

    kind: str
    count: int
    examples: tuple[str, ...]
    fatal: bool


@dataclass(frozen=True, kw_only=True)
class Guess:
    """Something a reader took for granted.

    Attributes:
        what: In words, e.g. ``column 'Filename' holds the names of the images``.
        flag: The flag of the command line that says otherwise.
    """

    what: str
    flag: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """A labelled image set.

    Attributes:
        name: What a person calls it.
        label_names: The L label names, in column order, unique.
        image_ids: The N image ids, unique.
        splits: (N,) ``train``, ``val`` or ``test``.
        targets: (N, L) int8: 1 present, 0 absent, -1 unknown.
        difficult: (N, L) bool: the annotator called this label of this image *difficult*.
        load: Image index -> (H, W, 3) uint8 RGB, upright (EXIF applied).
        fingerprint: Digest of all that results depend on; see `fingerprint.PARTS`.
        parts: Digest of each of its parts by name; empty if only the whole is known.
        paths: The N files, or None where images are drawn.
        files: The same files with their digests; empty where they are not known.
        boxes: Objects, where the source knows them.
        load_mask: Image index -> (H, W) int16 label index per pixel, -1 = none of the labels;
            returns None for an image that has no mask. None where the source knows no masks.
        true_targets: (N, L) targets before labels were spoilt on purpose; None where not known.
        problems: What the reader reported.
        guesses: What the reader took for granted.
        groups: (N,) name of the group an image belongs to (a film, a patient); None without groups.
        slices: (N,) categories, a column per metadata column (a site, an annotator); None without.
        supercategories: The L classes that labels belong to (*animal* of *cat*), empty where one
            belongs to none; None where the source knows of none.
    """

    name: str
    label_names: tuple[str, ...]
    image_ids: tuple[str, ...]
    splits: np.ndarray
    targets: np.ndarray
    difficult: np.ndarray
    load: Callable[[int], np.ndarray]
    fingerprint: str
    parts: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[Path, ...] | None = None
    files: tuple[FileDigest, ...] = ()
    boxes: Boxes | None = None
    load_mask: Callable[[int], np.ndarray | None] | None = None
    true_targets: np.ndarray | None = None
    problems: tuple[Problem, ...] = field(default=())
    guesses: tuple[Guess, ...] = field(default=())
    groups: np.ndarray | None = None
    slices: pd.DataFrame | None = None
    supercategories: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_targets(self.targets)
        expected = (len(self.image_ids), len(self.label_names))
        for name in ("targets", "difficult"):
            shape = getattr(self, name).shape
            if shape != expected:
                raise ValueError(f"`{name}` must have shape {expected}, got {shape}.")
        unknown_splits = sorted(set(self.splits.tolist()) - set(SPLITS))
        if unknown_splits:
            raise ValueError(f"`splits` must hold train, val or test, got {unknown_splits}.")

    def indices(self, split: str) -> np.ndarray:
        """Image indices of one split, in file order; empty if the split holds none."""
        return np.flatnonzero(self.splits == split)
