"""Outlines of the drawn shapes, and the pixels an outline covers.

An outline is a closed polygon (K, 2) of x, y around the origin, y downwards, that fits the
unit circle. Curves are polygons with many corners. None is told apart by left and right alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

SUPERSAMPLING = 4  # sub-pixels per pixel and axis when an edge is smoothed


@dataclass(frozen=True, eq=False, kw_only=True)
class Patch:
    """The window of an image that one shape touches.

    Attributes:
        window: Rows and columns of the window, inside the image.
        alpha: (h, w) uint8 share of each pixel that the shape covers, 255 = all of it.
        solid: (h, w) bool, the pixels that count as the shape's own: at least half covered.
    """

    window: tuple[slice, slice]
    alpha: np.ndarray
    solid: np.ndarray


def cover(
    outline: np.ndarray, *, centre: tuple[float, float], radius: float, angle: float, side_px: int
) -> Patch:
    """Pixels of a square image that a turned and scaled outline covers.

    Args:
        outline: (K, 2) corners inside the unit circle.
        centre: x and y in pixels; the part outside the image is cut off.
        radius: Pixels per unit of the outline.
        angle: Turn in radians.
        side_px: Side of the image in pixels.

    Returns:
        The touched window, empty if the shape lies outside the image.
    """
    cos, sin = math.cos(angle), math.sin(angle)
    corners = radius * outline @ np.array([[cos, sin], [-sin, cos]]) + centre  # (K, 2)
    left, top = (min(max(math.floor(low), 0), side_px) for low in corners.min(0).tolist())
    right, bottom = (min(max(math.ceil(high), 0), side_px) for high in corners.max(0).tolist())
    size = (right - left, bottom - top)
    window = (slice(top, bottom), slice(left, right))
    if min(size) == 0:
        empty = np.zeros(size[::-1], np.uint8)
        return Patch(window=window, alpha=empty, solid=empty > 0)

    canvas = Image.new("L", (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING))
    fine = (corners - (left, top)) * SUPERSAMPLING - 0.5  # pixel centres lie at integers
    ImageDraw.Draw(canvas).polygon(fine.ravel().tolist(), fill=255)
    alpha = np.asarray(canvas.reduce(SUPERSAMPLING))
    return Patch(window=window, alpha=alpha, solid=alpha >= 128)


def _polar(radius: np.ndarray, *, start: float = -np.pi / 2) -> np.ndarray:
    """Corners at equal angles and the given (K,) distances, the first one on top."""
    theta = start + 2 * np.pi * np.arange(len(radius)) / len(radius)
    return np.column_stack([radius * np.cos(theta), radius * np.sin(theta)])


def _fit(points: np.ndarray) -> np.ndarray:
    """Points shifted and scaled so that they fit the unit circle around their middle."""
    centred = points - (points.min(0) + points.max(0)) / 2
    return np.asarray(centred / np.linalg.norm(centred, axis=1).max())


def _superellipse(exponent: float, *, height: float) -> np.ndarray:
    """Ellipse at exponent 2, the nearer to a rectangle the larger the exponent."""
    t = 2 * np.pi * np.arange(48) / 48
    x = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** (2 / exponent)
    y = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (2 / exponent)
    return _fit(np.column_stack([x, height * y]))


def _ring() -> np.ndarray:
    circle = np.vstack([_polar(np.ones(40)), _polar(np.ones(1))])  # closed
    return np.vstack([circle, 0.55 * circle[::-1]])


def _cross() -> np.ndarray:
    a, b = 0.36, 1.0
    corner = np.array([[a, -b], [a, -a], [b, -a]])
    return _fit(np.vstack([corner @ _quarter_turns(k) for k in range(4)]))


def _quarter_turns(count: int) -> np.ndarray:
    return np.linalg.matrix_power(np.array([[0.0, 1.0], [-1.0, 0.0]]), count)


def _crescent() -> np.ndarray:
    outer = np.linspace(-0.75 * np.pi, 0.75 * np.pi, 30)
    outer_arc = np.column_stack([np.cos(outer), np.sin(outer)])
    tip = outer_arc[-1]
    reach = np.arctan2(tip[1], tip[0] + 0.55)  # the inner circle is centred at x = -0.55
    inner = np.linspace(reach, -reach, 20)
    inner_arc = np.hypot(tip[0] + 0.55, tip[1]) * np.column_stack([np.cos(inner), np.sin(inner)])
    return _fit(np.vstack([outer_arc, inner_arc - (0.55, 0)]))


def _heart() -> np.ndarray:
    t = 2 * np.pi * np.arange(40) / 40
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return _fit(np.column_stack([16 * np.sin(t) ** 3, -y]))


def _drop() -> np.ndarray:
    t = 2 * np.pi * np.arange(40) / 40
    return _fit(np.column_stack([0.85 * np.sin(t) * np.sin(t / 2) ** 1.5, -np.cos(t)]))


_theta = 2 * np.pi * np.arange(64) / 64

SCRAPS = ("scrap 1", "scrap 2", "scrap 3", "scrap 4")  # irregular outlines

OUTLINES: dict[str, np.ndarray] = {
    "disc": _polar(np.ones(40)),
    "square": _polar(np.ones(4), start=-np.pi / 4),
    "triangle": _polar(np.ones(3)),
    "diamond": np.array([[0, -1], [0.72, 0], [0, 1], [-0.72, 0]]),
    "hexagon": _polar(np.ones(6)),
    "octagon": _polar(np.ones(8)),
    "star": _polar(np.tile([1.0, 0.42], 5)),
    "ring": _ring(),
    "cross": _cross(),
    "crescent": _crescent(),
    "hourglass": np.array(
        [[-0.72, -0.7], [0.72, -0.7], [0.16, 0], [0.72, 0.7], [-0.72, 0.7], [-0.16, 0]]
    ),
    "ellipse": _superellipse(2.0, height=0.66),
    "rounded rectangle": _superellipse(3.6, height=0.66),
    "heart": _heart(),
    "drop": _drop(),
    "clover": _polar(0.55 + 0.45 * np.abs(np.cos(2 * _theta)) ** 0.7),
    "pentagon": _polar(np.ones(5)),
    "three-leaf": _polar(0.55 + 0.45 * np.abs(np.cos(1.5 * _theta)) ** 0.7),
    "five-leaf": _polar(0.55 + 0.45 * np.abs(np.cos(2.5 * _theta)) ** 0.7),
    "scrap 1": _fit(np.array([[-0.9, -0.5], [0.6, -0.8], [0.8, 0.7], [-0.5, 0.4]])),
    "scrap 2": _fit(np.array([[-0.7, -0.6], [0.3, -0.9], [0.9, 0.0], [0.2, 0.7], [-0.8, 0.5]])),
    "scrap 3": _fit(np.array([[-0.6, -0.8], [0.9, -0.3], [0.5, 0.8], [-0.2, 0.5], [-0.9, 0.6]])),
    "scrap 4": _fit(np.array([[-1.0, 0.1], [-0.2, -0.7], [0.8, -0.6], [0.6, 0.5], [-0.1, 0.8]])),
    "plank": np.array([[-1, -0.36], [1, -0.36], [1, 0.36], [-1, 0.36]]),
}
