"""What stands where in a drawn scene, and how much of it can be seen."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from udviz.data.scenes.kinds import (
    COVERED_KINDS,
    KINDS,
    LABEL_NAMES,
    PLANK,
    SCRAP_KINDS,
    Kind,
)
from udviz.data.scenes.shapes import OUTLINES, Patch, cover

NO_LABEL = -1
MAX_OBJECTS = 5
MIN_VISIBLE = 0.1  # an object hidden more than this is taken out of the scene
COVERED = (0.5, 0.68)  # half the covering plank's width, in radii of the object it covers
LOOSE_PLANKS = 0.15  # share of images with a plank that covers nothing in particular
COVERED_DECOYS = 0.15  # share of images with a plank across something unlabelled
MAX_SCRAPS = 3
N_PLACES = 8  # places tried for an object; the one with most room is taken


class Item(NamedTuple):
    """One thing in a scene.

    Attributes:
        kind: How it looks.
        x: Centre from the left, as a fraction of the side.
        y: Centre from the top, as a fraction of the side.
        radius: As a fraction of the side.
        angle: Turn in radians.
    """

    kind: Kind
    x: float
    y: float
    radius: float
    angle: float

    @property
    def label(self) -> int:
        """Column of the label, or ``NO_LABEL``."""
        return _COLUMNS.get(self.kind.name, NO_LABEL)

    def cover(self, side_px: int) -> Patch:
        """The pixels it covers in an image of ``side_px`` pixels."""
        return cover(
            OUTLINES[self.kind.outline],
            centre=(self.x * side_px, self.y * side_px),
            radius=self.radius * side_px,
            angle=self.angle,
            side_px=side_px,
        )


class VisibleObject(NamedTuple):
    """What can be seen of one labelled object.

    Attributes:
        label: Column of the label.
        visible: Visible fraction of the object.
        box: Left, top, right, bottom of its visible pixels, as fractions of the side.
    """

    label: int
    visible: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One image before it is painted.

    Attributes:
        items: Everything in it, bottom to top; a later thing hides an earlier one.
        objects: The labelled ones among them, in the same order.
    """

    items: tuple[Item, ...]
    objects: tuple[VisibleObject, ...]


_COLUMNS = {name: column for column, name in enumerate(LABEL_NAMES)}
_WEIGHTS = np.cumsum([kind.weight for kind in KINDS]) / sum(kind.weight for kind in KINDS)


def arrange(rng: np.random.Generator) -> list[Item]:
    """Place scraps, 1 to 5 objects and planks, bottom to top."""
    items: list[Item] = []
    for number in rng.integers(0, len(SCRAP_KINDS), rng.integers(0, MAX_SCRAPS + 1)):
        items.append(_place(SCRAP_KINDS[number], items, rng))
    if rng.random() < LOOSE_PLANKS:
        items.append(_place(PLANK, items, rng))
    if rng.random() < COVERED_DECOYS:
        decoy = _place(COVERED_KINDS[rng.integers(len(COVERED_KINDS))], items, rng)
        items += [decoy, _covering_plank(decoy, rng)]
    for column in np.searchsorted(_WEIGHTS, rng.random(rng.integers(1, MAX_OBJECTS + 1)), "right"):
        item = _place(KINDS[column], items, rng)
        items.append(item)
        if item.kind.cause == "occluded":
            items.append(_covering_plank(item, rng))
    return items


def _place(kind: Kind, others: list[Item], rng: np.random.Generator) -> Item:
    """A thing at the place with most room among a few random ones, wholly in the image."""
    radius, angle = rng.uniform(*kind.radius), rng.uniform(-kind.spin, kind.spin)
    places = radius + (1 - 2 * radius) * rng.random((N_PLACES, 2))  # (P, 2)
    room = np.full(N_PLACES, np.inf)
    for other in others:
        distance = np.hypot(places[:, 0] - other.x, places[:, 1] - other.y)
        room = np.minimum(room, distance - other.radius - radius)
    x, y = places[room.argmax()].tolist()
    return Item(kind, x, y, radius, angle)


def _covering_plank(item: Item, rng: np.random.Generator) -> Item:
    """A plank that lies across the middle of an object and hides most of it."""
    half_width = rng.uniform(*COVERED) * item.radius
    shift = rng.uniform(-0.2, 0.2, 2) * item.radius
    radius = half_width / OUTLINES["plank"][:, 1].max()
    x, y = item.x + float(shift[0]), item.y + float(shift[1])
    return Item(PLANK, x, y, radius, rng.uniform(0, np.pi))


def settle(items: list[Item], *, side_px: int) -> Scene:
    """Take out what is all but hidden and measure how much of the rest can be seen.

    Goes from the top down: what is taken out hides nothing, so one pass is enough.

    Args:
        items: Things, bottom to top.
        side_px: Side of the image in pixels, which visible pixels are counted in.
    """
    taken = np.zeros((side_px, side_px), bool)
    kept: list[Item] = []
    objects: list[VisibleObject] = []
    for item in reversed(items):
        patch = item.cover(side_px)
        if item.label != NO_LABEL:
            seen = patch.solid & ~taken[patch.window]
            visible = float(seen.sum() / max(patch.solid.sum(), 1))
            if visible < MIN_VISIBLE:
                continue
            objects.append(VisibleObject(item.label, visible, _box(seen, patch, side_px)))
        taken[patch.window] |= patch.solid
        kept.append(item)
    return Scene(items=tuple(kept[::-1]), objects=tuple(objects[::-1]))


def _box(seen: np.ndarray, patch: Patch, side_px: int) -> tuple[float, float, float, float]:
    """Bounds of the seen pixels as fractions of the side."""
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    top, left = patch.window[0].start, patch.window[1].start
    return (
        (left + int(columns[0])) / side_px,
        (top + int(rows[0])) / side_px,
        (left + int(columns[-1]) + 1) / side_px,
        (top + int(rows[-1]) + 1) / side_px,
    )


def label_mask(scene: Scene, *, side_px: int) -> np.ndarray:
    """(H, W) int16 label of the object seen at each pixel, -1 where there is none."""
    mask = np.full((side_px, side_px), NO_LABEL, np.int16)
    for item in scene.items:
        patch = item.cover(side_px)
        mask[patch.window][patch.solid] = item.label
    return mask
