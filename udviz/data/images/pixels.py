"""An opened image as upright 8-bit RGB, strip by strip: memory for one picture, not for four."""

import numpy as np
from PIL import Image

STRIP_PIXELS = 2**20
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
    pixels = np.empty((-(-height // factor), -(-width // factor), 3), dtype=np.uint8)
    n_rows = max(1, STRIP_PIXELS // (width * factor)) * factor  # of a strip
    for top in range(0, height, n_rows):
        strip = _to_rgb(image.crop((0, top, width, min(top + n_rows, height))))
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


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _from_sixteen_bit(image)
    if image.mode == "F":
        raise ValueError("floating-point pixels have no agreed range; save as 8 or 16 bit")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_sixteen_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image)  # (H, W)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("32-bit pixels have no agreed range; save as 8 or 16 bit")
    grey = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
