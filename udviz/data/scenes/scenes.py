"""The embedded set: drawn scenes whose difficult labels are difficult for a known reason.

Nothing is downloaded or stored. Where things stand is laid out when the set is made; pixels
and masks are drawn when asked for. Image k of a split depends on the seed, the split and k alone.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from udviz.checks import check_at_least
from udviz.data.dataset import SPLITS, Boxes, Dataset
from udviz.data.fingerprint import fingerprint_parts
from udviz.data.scenes.kinds import BUILT_IN_CAUSES, KINDS, LABEL_NAMES
from udviz.data.scenes.layout import Scene, arrange, label_mask, settle
from udviz.data.scenes.painting import paint

__all__ = ["BUILT_IN_CAUSES", "LABEL_NAMES", "scenes"]

VERSION = 1  # raise it when the same seed draws other images or annotations
MIN_SIDE_PX = 64  # below it the tiny objects vanish
UNMARKED_SHARE = 0.15
DIFFICULT_VISIBLE = 0.25  # an object seen less than this is difficult,
DIFFICULT_AREA = 0.003  # and so is one with a smaller box, as a fraction of the image


@dataclass(frozen=True, eq=False, kw_only=True)
class _Drawer:
    """Draws image i of a set that is laid out; can be sent to other processes.

    Attributes:
        keys: Seed, split and index in the split of each image.
        layout: The N scenes.
        side_px: Side of an image in pixels.
    """

    keys: tuple[tuple[int, int, int], ...]
    layout: tuple[Scene, ...]
    side_px: int

    def image(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        rng = np.random.default_rng([*self.keys[index], 1])
        return paint(self.layout[index], rng, side_px=self.side_px)

    def mask(self, index: int) -> np.ndarray:
        """(H, W) int16 label index per visible pixel, -1 = none."""
        return label_mask(self.layout[index], side_px=self.side_px)


def scenes(
    *, seed: int = 0, n_train: int = 2400, n_val: int = 600, n_test: int = 1200, side_px: int = 96
) -> Dataset:
    """Shapes on textured backgrounds: 20 labels, 1 to 5 objects an image, ten labels hard.

    Targets, boxes and visible fractions are there at once; pixels and masks are drawn by
    ``load`` and ``load_mask``. Boxes hold the visible pixels. An object is *difficult* if less
    than a quarter of it can be seen or its box is under 0.3 % of the image; a label of an image
    is, if all its objects are. ``true_targets`` keeps what was unmarked in the training split.

    Args:
        seed: Non-negative; another seed draws another set.
        n_train: Training images, 0 or more. More images leave the pixels and objects of the
            others as they are; which targets are unmarked is drawn anew.
        n_val: Validation images, 0 or more.
        n_test: Test images, 0 or more.
        side_px: Side of the square images in pixels, at least 64.

    Raises:
        ValueError: If a number is too small.
    """
    check_at_least(seed, 0, name="seed")
    check_at_least(side_px, MIN_SIDE_PX, name="side_px")
    counts = dict(zip(SPLITS, (n_train, n_val, n_test), strict=True))
    for split, count in counts.items():
        check_at_least(count, 0, name=f"n_{split}")

    keys = tuple(
        (seed, number, k) for number, split in enumerate(SPLITS) for k in range(counts[split])
    )
    layout = tuple(
        settle(arrange(np.random.default_rng([*key, 0])), side_px=side_px) for key in keys
    )
    splits = np.array([SPLITS[number] for _, number, _ in keys], dtype="<U5")
    boxes = _boxes(layout)
    true_targets = np.zeros((len(keys), len(KINDS)), np.int8)
    true_targets[boxes.image, boxes.label] = 1
    drawer = _Drawer(keys=keys, layout=layout, side_px=side_px)
    drawn = repr(("scenes", VERSION, seed, n_train, n_val, n_test, side_px)).encode()
    dataset = Dataset(
        name="Drawn scenes",
        label_names=LABEL_NAMES,
        image_ids=tuple(f"{SPLITS[number]}-{k:05d}" for _, number, k in keys),
        splits=splits,
        targets=_unmark(true_targets, train=splits == "train", seed=seed),
        difficult=_difficult_labels(boxes, true_targets),
        load=drawer.image,
        load_mask=drawer.mask,
        boxes=boxes,
        true_targets=true_targets,
        fingerprint=hashlib.sha256(drawn).hexdigest(),
    )
    return replace(dataset, parts=fingerprint_parts(dataset, images=[drawn], masks=[drawn]))


def _boxes(layout: tuple[Scene, ...]) -> Boxes:
    """Every labelled object of every image, bottom to top."""
    rows = [
        (image, thing.label, thing.visible, *thing.box)
        for image, scene in enumerate(layout)
        for thing in scene.objects
    ]
    table = np.array(rows, dtype=float).reshape(-1, 7)
    corners, visible = table[:, 3:], table[:, 2]
    area = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    return Boxes(
        image=table[:, 0].astype(int),
        label=table[:, 1].astype(int),
        corners=corners,
        difficult=(visible < DIFFICULT_VISIBLE) | (area < DIFFICULT_AREA),
        visible=visible,
    )


def _difficult_labels(boxes: Boxes, true_targets: np.ndarray) -> np.ndarray:
    """(N, L) bool: the label is there and every object of it is difficult."""
    difficult: np.ndarray = true_targets == 1
    easy = ~boxes.difficult
    difficult[boxes.image[easy], boxes.label[easy]] = False
    return difficult


def _unmark(true_targets: np.ndarray, *, train: np.ndarray, seed: int) -> np.ndarray:
    """Targets in which labels with missing annotations miss 15 % of their training positives."""
    targets = true_targets.copy()
    for label, kind in enumerate(KINDS):
        if kind.cause != "missing annotations":
            continue
        positives = np.flatnonzero(train & (true_targets[:, label] == 1))
        order = np.random.default_rng([seed, label]).permutation(len(positives))
        targets[positives[order[: round(UNMARKED_SHARE * len(positives))]], label] = 0
    return targets
