"""Attention maps that were brought: one per image and run, on a grid of any size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.checks import shown
from udviz.predictions.brought.arrays import IDS, Arrays, named, only, read_arrays
from udviz.predictions.brought.matrix import as_names, refused
from udviz.predictions.cache import PredictionWriter

MOST_SIDE = 256  # cells of a map's side: heat maps as large as the image belong on a coarser grid
_NAMES = ("attention", "maps", "saliency")
_BLOCK = 4096  # maps that are held at once


@dataclass(frozen=True, eq=False, kw_only=True)
class Maps:
    """What a file holds, before it is matched with the images.

    Attributes:
        source: The file, as a message names it.
        values: (N, h, w) numbers, mapped where the file can be.
        ids: The N ids of the images; None if the file does not say.
    """

    source: str
    values: np.ndarray
    ids: pd.Index | None

    def rows_of(self, images: pd.Index, places: np.ndarray, n_all: int) -> np.ndarray:
        """(N',) places here of the images that are compared.

        Args:
            images: Their N' ids.
            places: (N',) their places in the targets, whose order a file without ids has.
            n_all: Images of the targets.

        Raises:
            ValueError: If an image has no map.
        """
        if self.ids is None:
            if len(self.values) != n_all:
                must = f"hold a map of each of the {n_all:,} images of the targets, or name them"
                raise refused(self.source, must, f"{len(self.values):,} without names")
            return places
        rows = self.ids.get_indexer(images).astype(np.intp)
        if (rows < 0).any():
            lacks = images[rows < 0]
            must = f"hold a map of each of the {len(images):,} images that are compared"
            raise refused(
                self.source, must, f"none of {len(lacks):,}, the first being {shown(lacks[0])}"
            )
        return rows

    def write(self, writer: PredictionWriter, rows: np.ndarray) -> None:
        """Store the maps at (N',) places as those of the images of a cache.

        Raises:
            ValueError: If a map holds a number that is not finite; names its image.
        """
        for block in _blocks(len(rows)):
            part = self.values[rows[block]].astype(np.float32)
            finite = np.isfinite(part).all(axis=(1, 2))
            if not finite.all():
                place = int(rows[block][~finite][0])
                who = f"image {shown(self.ids[place])}" if self.ids is not None else f"row {place}"
                raise refused(self.source, "hold finite numbers", f"others for {who}")
            writer.write(block, attention=part)


def maps_in(path: Path) -> Maps:
    """The maps of a ``.npy``, ``.npz`` or ``.safetensors`` file, with their ids.

    Raises:
        ValueError: If it is cut, or holds no maps.
    """

    def choose(arrays: Arrays) -> Maps:
        name = only(path, arrays, _NAMES)
        values, ids = arrays[name](), named(arrays, IDS, besides=name)
        sides = values.shape[1:]
        if values.ndim != 3 or values.dtype.kind not in "fiu" or not _fits(sides):
            raise refused(
                path,
                f"hold maps of shape (N, h, w) with sides of 1 to {MOST_SIDE} cells",
                f"{values.dtype.str} of shape {values.shape}. Average them over coarser cells "
                "if they are finer",
            )
        names = None if ids is None else as_names(ids)
        if names is not None and (len(names) != len(values) or names.has_duplicates):
            raise refused(path, f"name each of its {len(values):,} maps once", f"{len(names):,}")
        return Maps(source=path.name, values=values, ids=names)

    return read_arrays(path, choose)


def _fits(sides: tuple[int, ...]) -> bool:
    return all(1 <= side <= MOST_SIDE for side in sides)


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK):
        yield slice(start, min(start + _BLOCK, n))
