"""What a data set's boxes and masks say: object sizes per label, and what maps should point at.

Boxes are sorted by image once and mask files read once, whatever the number of models.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.analysis.object_masks import GRID
from udviz.analysis.split_predictions import SplitPredictions
from udviz.data.dataset import Boxes, Dataset
from udviz.stats.labels.object_sizes import object_sizes
from udviz.stats.maps.grids import box_masks, from_zero, label_masks
from udviz.stats.maps.localisation import Localisation, localisation_table, localise

_BLOCK = 16_384  # boxes drawn, or pairs scored, at once: 9 MB of cells

Advance = Callable[[float, str], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class Objects:
    """The objects in the images of one split, by image and label.

    Attributes:
        row: (K,) image, as a row of the predictions.
        label: (K,) label in [0, L).
        packed: (K, ceil(GRID^2 / 8)) bits of the cells that the label's objects cover.
    """

    row: np.ndarray
    label: np.ndarray
    packed: np.ndarray

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Slices of the K pairs, and their (k, GRID, GRID) masks."""
        for start in range(0, len(self.row), _BLOCK):
            part = slice(start, min(start + _BLOCK, len(self.row)))
            cells = np.unpackbits(self.packed[part], axis=1, count=GRID**2)
            yield part, cells.astype(bool).reshape(-1, GRID, GRID)


def sizes_and_objects(
    dataset: Dataset, rows: Mapping[str, np.ndarray], advance: Advance
) -> tuple[pd.DataFrame | None, dict[str, Objects]]:
    """Area and visibility of every label's objects, and where they are.

    Where there are masks only, an object's area is the share of pixels with its label. Masks are
    preferred as the places to point at.

    Args:
        dataset: With boxes, masks, both or neither.
        rows: Split -> (N,) place of each image of its predictions in the data set.
        advance: Called with the share that is done, in [0, 1], and what is being done.

    Returns:
        One row per label: ``area``, ``visible``; None without boxes and masks. And the objects of
        each split of ``rows``; empty without.

    Raises:
        ImageError: If a mask cannot be read.
    """
    sizes: pd.DataFrame | None = None
    objects: dict[str, Objects] = {}
    if dataset.load_mask is not None:
        sizes, objects = _from_masks(dataset, rows, advance)
    if dataset.boxes is not None:
        wanted = {} if objects else rows
        sizes, boxed = from_boxes(dataset.boxes, wanted, n_labels=len(dataset.label_names))
        objects = objects or boxed
    return sizes, objects


def from_boxes(
    boxes: Boxes, rows: Mapping[str, np.ndarray], *, n_labels: int
) -> tuple[pd.DataFrame, dict[str, Objects]]:
    """`sizes_and_objects` of boxes alone: an object is the union of a label's boxes in an image."""
    sizes = object_sizes(
        boxes.image,
        boxes.label,
        corners=boxes.corners,
        visible=boxes.visible,
        n_labels=n_labels,
    )
    return sizes, {split: _boxed(boxes, images, n_labels) for split, images in rows.items()}


def localisation(split: SplitPredictions, model: str, objects: Objects) -> Tables:
    """``localisation``: how well the attention of a model's first run points at the objects.

    There is one map per image, so it is held against the objects of every label present.
    """
    attention = split.first_run(model).attention
    if attention is None or not len(objects.row):
        return {}
    scores = [
        localise(from_zero(np.asarray(attention[objects.row[part]])), masks)
        for part, masks in objects.blocks()
    ]
    names = ("hit", "energy", "area", "hit_centre", "energy_centre")
    joined = {name: np.concatenate([getattr(part, name) for part in scores]) for name in names}
    table = localisation_table(Localisation(**joined), objects.label, label_names=split.label_names)
    return {"localisation": table.assign(split=split.split, model=model)}


def _from_masks(
    dataset: Dataset, rows: Mapping[str, np.ndarray], advance: Advance
) -> tuple[pd.DataFrame | None, dict[str, Objects]]:
    """Sizes and objects from one reading of every mask that is needed."""
    assert dataset.load_mask is not None
    place = {int(image): (split, row) for split, of in rows.items() for row, image in enumerate(of)}
    wanted = range(len(dataset.image_ids)) if dataset.boxes is None else sorted(place)
    shares: list[list[float]] = [[] for _ in dataset.label_names]
    found: dict[str, list[tuple[int, int, np.ndarray]]] = {split: [] for split in rows}
    for done, image in enumerate(wanted):
        if done % 256 == 0:
            advance(done / len(wanted), "masks")
        mask = dataset.load_mask(image)
        if mask is None:
            continue
        labels, counts = np.unique(mask[mask >= 0], return_counts=True)
        for label, count in zip(labels, counts, strict=True):
            shares[label].append(count / mask.size)
        if image in place and labels.size:
            split, row = place[image]
            drawn = label_masks(mask, labels.tolist(), height=GRID, width=GRID)
            packed = np.packbits(drawn.reshape(len(labels), -1), axis=1)
            found[split] += [(row, int(k), bits) for k, bits in zip(labels, packed, strict=True)]
    area = [float(np.median(share)) if share else np.nan for share in shares]
    sizes = pd.DataFrame({"area": area, "visible": np.nan})
    return sizes, {split: _objects(of) for split, of in found.items()}


def _boxed(boxes: Boxes, images: np.ndarray, n_labels: int) -> Objects:
    """Objects in the (N,) ``images``: the union of a label's boxes in each."""
    rows = pd.Index(images).get_indexer(pd.Index(boxes.image))
    own = np.flatnonzero(rows >= 0)
    pair = rows[own] * n_labels + boxes.label[own]
    order = np.argsort(pair, kind="stable")
    own, pairs, starts = own[order], *np.unique(pair[order], return_index=True)
    packed = np.empty((len(pairs), -(-(GRID**2) // 8)), dtype=np.uint8)
    ends = np.append(starts, len(own))
    first = 0
    while first < len(pairs):  # whole pairs, about a block of boxes at a time
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + _BLOCK, side="right")) - 1)
        part = own[ends[first] : ends[last]]
        drawn = box_masks(boxes.corners[part], height=GRID, width=GRID).reshape(len(part), -1)
        union = np.logical_or.reduceat(drawn, ends[first:last] - ends[first], axis=0)
        packed[first:last] = np.packbits(union, axis=1)
        first = last
    return Objects(row=pairs // n_labels, label=pairs % n_labels, packed=packed)


def _objects(found: list[tuple[int, int, np.ndarray]]) -> Objects:
    if not found:
        return Objects(
            row=np.empty(0, np.int64),
            label=np.empty(0, np.int64),
            packed=np.empty((0, -(-(GRID**2) // 8)), np.uint8),
        )
    rows, labels, bits = zip(*found, strict=True)
    return Objects(row=np.array(rows), label=np.array(labels), packed=np.stack(bits))
