"""Image files in, upright 8-bit RGB out, whatever the file holds."""

import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from udviz.checks import shown

# Twice Pillow's own default, which is where Pillow stops warning and refuses. Pillow's limit is
# raised to ours, so that an image below it decodes without a warning.
MAX_PIXELS = 178_956_970
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

# Formats that are decoded inside this process; EPS, for one, would start Ghostscript.
Image.init()
FORMATS = tuple(
    sorted(
        {"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP"}
        & Image.OPEN.keys()
    )
)

DECODE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,  # Pillow's word for a broken PNG
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    RuntimeError,  # of the AVIF decoder
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class ImageError(ValueError):
    """An image file that cannot be used, with the reason."""


def read_image(
    path: Path | str, *, at_least_px: int | None = None, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """Read an image as upright 8-bit RGB.

    EXIF rotation is applied, CMYK and palettes are converted, 16-bit grey is scaled to 8 bit,
    transparency is laid onto white, of an animation the first frame is taken.

    Args:
        path: The file.
        at_least_px: If given, a large JPEG may be decoded at a fraction of its size, both sides
            still at least this long. Several times faster where the image is shrunk anyway.
        max_pixels: Larger images are refused before they are decoded.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ImageError: If the file is missing, unreadable, truncated, larger than ``max_pixels``, or
            has pixels without an agreed range (floating point).
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            check_size(image, max_pixels)
            if at_least_px is not None:
                image.draft(None, (at_least_px, at_least_px))
            upright = ImageOps.exif_transpose(image)
            return np.array(_to_rgb(upright))  # (H, W, 3)
    except DECODE_ERRORS as error:
        raise ImageError(f"{path}: {reason(error, max_pixels)}.") from error


def check_image(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> None:
    """Raise ``ImageError`` if an image is unreadable or cut short, mostly without decoding it.

    The header is parsed and the end of the file is looked at: a JPEG or PNG that ends as its format
    asks is taken as whole. Every other file is decoded, so nothing is refused on suspicion.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            check_size(image, max_pixels)
            kind = image.format
    except DECODE_ERRORS as error:
        raise ImageError(f"{path}: {reason(error, max_pixels)}.") from error
    if not _ends_well(path, kind):
        read_image(path, max_pixels=max_pixels)


def check_size(image: Image.Image, max_pixels: int) -> None:
    """Raise, before anything is decoded, if the header of ``image`` claims too many pixels."""
    if image.width * image.height > max_pixels:
        raise Image.DecompressionBombError


def _ends_well(path: Path | str, kind: str | None) -> bool:
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1024))
        tail = file.read()
    if kind in ("JPEG", "MPO"):
        return b"\xff\xd9" in tail  # end of image; some cameras write a little after it
    return kind == "PNG" and tail[-8:-4] == b"IEND"


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _from_sixteen_bit(image)
    if image.mode == "F":
        raise ValueError("floating-point pixels have no agreed range; save as 8 or 16 bit")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _from_sixteen_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)  # (H, W)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("32-bit pixels have no agreed range; save as 8 or 16 bit")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")


def reason(error: BaseException, max_pixels: int) -> str:
    """One of `DECODE_ERRORS` as the end of a sentence about a file."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, UnidentifiedImageError):
        return f"not an image in a format that is read ({', '.join(FORMATS)})"
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"more pixels than the {max_pixels:,} allowed"
    text = shown(str(error).strip().rstrip("."))
    return f"cannot be decoded ({text or type(error).__name__})"
