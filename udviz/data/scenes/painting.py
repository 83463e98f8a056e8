"""Pixels of a drawn scene: a textured background, pebbles, and the objects on it."""

import colorsys
import math

import numpy as np
from PIL import Image

from udviz.data.scenes.kinds import Kind
from udviz.data.scenes.layout import Scene
from udviz.data.scenes.shapes import Patch

FAINT_SHIFT = 28.0  # how much lighter or darker a low-contrast object is than what it lies on
COLOUR_JITTER = 12.0
GRAIN = 4.0  # standard deviation of the noise over everything
N_PEBBLES = (4, 9)
PEBBLE_RADIUS = (0.012, 0.03)  # of the side, as small as the label of tiny objects


def paint(scene: Scene, rng: np.random.Generator, *, side_px: int) -> np.ndarray:
    """Draw a scene.

    Args:
        scene: Things, bottom to top.
        rng: Source of the background, the pebbles and the colour jitter.
        side_px: Side of the image in pixels.

    Returns:
        (side_px, side_px, 3) uint8 RGB.
    """
    canvas = _background(rng, side_px)
    _scatter_pebbles(canvas, rng, side_px)
    for item in scene.items:
        patch = item.cover(side_px)
        _blend(canvas, patch, _fill(item.kind, patch, canvas, rng, angle=item.angle))
    canvas += GRAIN * rng.standard_normal((side_px, side_px, 1), dtype=np.float32)
    return np.asarray(canvas.clip(0, 255), dtype=np.uint8)


def _blend(canvas: np.ndarray, patch: Patch, colour: np.ndarray) -> None:
    """Lay a colour, one or per pixel, over the pixels of a patch, smooth at the edge."""
    area = canvas[patch.window]
    area += (patch.alpha * np.float32(1 / 255))[..., None] * (colour - area)


def _fill(
    kind: Kind, patch: Patch, canvas: np.ndarray, rng: np.random.Generator, *, angle: float
) -> np.ndarray:
    """Colour of an object over its window, broadcast to (h, w, 3), a little lighter at the top."""
    if kind.colour is None:
        return np.asarray(canvas[patch.window] + rng.choice([-1, 1]) * FAINT_SHIFT)
    height, width = patch.alpha.shape
    colours = np.array([kind.colour, kind.second_colour], np.float32)
    colours += rng.uniform(-COLOUR_JITTER, COLOUR_JITTER, 3).astype(np.float32)
    light = 1.08 - np.arange(height, dtype=np.float32)[:, None, None] * (0.18 / height)
    if kind.pattern == "plain":
        return np.asarray(colours[0] * light)  # (h, 1, 3)
    return np.asarray(colours[_pattern(kind, height, width, angle)] * light)


def _pattern(kind: Kind, height: int, width: int, angle: float) -> np.ndarray:
    """(h, w) 0 or 1: which of the two colours each pixel has, turned with the object."""
    y, x = np.ogrid[:height, :width]
    along = np.cos(angle) * (x - width / 2) + np.sin(angle) * (y - height / 2)
    across = np.cos(angle) * (y - height / 2) - np.sin(angle) * (x - width / 2)
    stripe = np.floor(across * 6 / height).astype(int) % 2
    if kind.pattern == "stripes":
        return np.asarray(stripe)
    return np.asarray((stripe + np.floor(along * 4 / width).astype(int)) % 2)


def _background(rng: np.random.Generator, side_px: int) -> np.ndarray:
    """(H, W, 3) float32: a dull colour, soft blotches and one of three fine textures."""
    hue, saturation, value = rng.random(), rng.uniform(0.05, 0.3), rng.uniform(0.42, 0.66)
    base = 255 * np.array(colorsys.hsv_to_rgb(hue, saturation, value))
    blotches = rng.normal(0, 9, (6, 6, 1)) + rng.normal(0, 5, (6, 6, 3))
    coarse = (base + blotches).clip(0, 255).astype(np.uint8)
    smooth = Image.fromarray(coarse).resize((side_px, side_px), Image.Resampling.BICUBIC)
    canvas = np.asarray(smooth, dtype=np.float32)
    return np.asarray(canvas + _texture(rng, side_px)[..., None])


def _texture(rng: np.random.Generator, side_px: int) -> np.ndarray:
    """(H, W) float32 brightness of a stripy, woven or cloudy texture."""
    kind = rng.integers(3)
    strength = rng.uniform(4, 9)
    if kind == 2:
        clouds = rng.integers(0, 256, (24, 24), dtype=np.uint8)
        smooth = Image.fromarray(clouds).resize((side_px, side_px), Image.Resampling.BICUBIC)
        return np.asarray(strength * (np.asarray(smooth, dtype=np.float32) / 127.5 - 1))
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.05, 0.14)
    t = np.arange(side_px, dtype=np.float32) * np.float32(2 * np.pi / (period * side_px))
    waves = np.sin(np.cos(angle) * t + np.sin(angle) * t[:, None])
    if kind == 1:
        waves *= np.sin(np.cos(angle) * t[:, None] - np.sin(angle) * t)
    return np.asarray(strength * waves, dtype=np.float32)


def _scatter_pebbles(canvas: np.ndarray, rng: np.random.Generator, side_px: int) -> None:
    """Lay small round stones of any dull colour on the background."""
    n_pebbles = rng.integers(*N_PEBBLES, endpoint=True)
    centre = side_px * rng.random((n_pebbles, 2))  # (P, 2), row and column
    radius = side_px * rng.uniform(*PEBBLE_RADIUS, n_pebbles)
    window = 2 * math.ceil(PEBBLE_RADIUS[1] * side_px) + 2  # w pixels hold any pebble
    corner = np.clip(centre - window / 2, 0, side_px - window).astype(int)
    pixel = corner[:, None] + np.arange(window)[:, None] + 0.5 - centre[:, None]  # (P, w, 2)
    distance = np.hypot(pixel[:, :, None, 0], pixel[:, None, :, 1])  # (P, w, w)
    alpha = (radius[:, None, None] - distance + 0.5).clip(0, 1)
    for (top, left), share in zip(corner.tolist(), alpha, strict=True):
        hue, saturation, value = rng.random(3).tolist()
        colour = colorsys.hsv_to_rgb(hue, 0.1 + 0.4 * saturation, 0.35 + 0.4 * value)
        area = canvas[top : top + window, left : left + window]
        area += share[..., None] * (255 * np.array(colour) - area)
