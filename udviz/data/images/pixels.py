"""An opened image as upright 8-bit RGB, strip by strip: memory for one picture, not for four."""

from typing import Any

import numpy as np
from PIL import Image

STRIP_PIXELS = 2**20
DEPTHS = (2**10 - 1, 2**12 - 1, 2**16 - 1)  # white, of grey pictures in files of 16 bits
ORIENTATION = 0x0112  # EXIF: how the camera was held


def upright_rgb(image: Image.Image, *, factor: int = 1) -> np.ndarray:
    """Decode an image and convert it.

    Args:
        image: As opened; not decoded yet.
        factor: Both sides are divided by it, by averaging; the last pixel may stand for fewer.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ValueError: If its pixels have no agreed range.
    """
    image.load()
    width, height = image.size
    white = _white(image)
    pixels = np.empty((-(-height // factor), -(-width // factor), 3), dtype=np.uint8)
    n_rows = max(1, STRIP_PIXELS // (width * factor)) * factor  # of a strip
    for top in range(0, height, n_rows):
        strip = _to_rgb(image.crop((0, top, width, min(top + n_rows, height))), white)
        place = pixels[top // factor :][: -(-strip.height // factor)]
        place[:] = np.asarray(strip if factor == 1 else strip.reduce(factor))
    return _upright(pixels, image.getexif().get(ORIENTATION, 1))


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """(H, W, 3) or (W, H, 3); 1 = as it is."""
    flips = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (-1, 1), 7: (-1, -1), 8: (1, -1)}
    down, across = flips.get(orientation, (1, 1))
    pixels = pixels[::down, ::across]
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    return np.ascontiguousarray(pixels)


def _white(image: Image.Image) -> int:
    """The value that is white: cameras and scanners keep 10 and 12 bits in files of 16."""
    if not _is_sixteen_bit(image):
        return 255
    extrema: Any = image.getextrema()
    low, high = extrema
    if low < 0 or high > DEPTHS[-1]:
        raise ValueError("32-bit pixels have no agreed range; save as 8 or 16 bit")
    return next(depth for depth in DEPTHS if high <= depth)


def _is_sixteen_bit(image: Image.Image) -> bool:
    return image.mode == "I" or image.mode.startswith("I;16")


def _to_rgb(image: Image.Image, white: int) -> Image.Image:
    if _is_sixteen_bit(image):
        return _from_sixteen_bit(image, white)
    if image.mode == "F":
        raise ValueError("floating-point pixels have no agreed range; save as 8 or 16 bit")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        ground = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(ground, rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_sixteen_bit(image: Image.Image, white: int) -> Image.Image:
    values = np.asarray(image).astype(np.uint32)  # (H, W)
    grey = ((values * 255 + white // 2) // white).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
