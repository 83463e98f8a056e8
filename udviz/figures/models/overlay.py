"""Maps laid over an image, outlines of objects, and the bar that says what the colours mean."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from udviz.stats.maps.grids import resize_maps

OUTLINE_RGB, OUTLINE_EDGE_RGB = (255, 255, 255), (0, 0, 0)  # seen on dark and on light


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How values become colours.

    Attributes:
        colours: Hex colours at equal distances from ``low`` to ``high``.
        low: Value of the first colour.
        high: Value of the last colour.
        unit: What the values are, with their unit.
    """

    colours: Sequence[str]
    low: float
    high: float
    unit: str


def overlay(image: np.ndarray, values: np.ndarray, scale: Scale, *, opacity: float) -> np.ndarray:
    """Lay the colours of a map over an image.

    Args:
        image: (H, W, 3) uint8.
        values: (h, w) map, brought to the image's size.
        scale: Its colours; values beyond the ends have the colour of the end.
        opacity: Of the map, in [0, 1]; 0 shows the image alone.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    coloured = colours_of(resize_maps(values[None], height=height, width=width)[0], scale)
    mixed: np.ndarray = np.rint((1 - opacity) * image + opacity * coloured).astype(np.uint8)
    return mixed


def colours_of(values: np.ndarray, scale: Scale) -> np.ndarray:
    """(H, W) values to (H, W, 3) colours in [0, 255]; all in the middle of a scale of no width."""
    width = scale.high - scale.low
    place = (values - scale.low) / width if width > 0 else np.full(values.shape, 0.5)
    stops = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in scale.colours])  # (S, 3)
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(place, at, channel) for channel in stops.T], axis=-1)


def outline(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Draw the border of a mask: a white line just inside it, a black one just outside.

    Args:
        image: (H, W, 3) uint8.
        mask: (H, W) bool.

    Returns:
        (H, W, 3) uint8, a copy.
    """
    drawn = image.copy()
    inside = _eroded(_eroded(mask))
    outside = ~_eroded(~mask)
    drawn[outside & ~mask] = OUTLINE_EDGE_RGB
    drawn[mask & ~inside] = OUTLINE_RGB
    return drawn


def colour_bar(scale: Scale) -> str:
    """The scale as HTML: its colours between the values of its ends, and their unit."""
    colours = ", ".join(scale.colours)
    low, high = (f"{end:.2g}".replace("-", "−") for end in (scale.low, scale.high))
    unit = html.escape(scale.unit)
    return (
        f'<div role="img" aria-label="Colours from {low} to {high}: {html.escape(scale.unit)}">'
        '<div style="display:flex;gap:.5rem;align-items:center;font-size:.85rem">'
        f"<span>{low}</span>"
        f'<div style="flex:1;height:.7rem;background:linear-gradient(to right,{colours})"></div>'
        f"<span>{high}</span></div>"
        f'<div style="font-size:.85rem">{unit}</div></div>'
    )


def _eroded(mask: np.ndarray) -> np.ndarray:
    """Cells whose four neighbours are in the mask too; what is beyond the edge counts as in it."""
    padded = np.pad(mask, 1, constant_values=True)
    eroded: np.ndarray = (
        mask & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    )
    return eroded
