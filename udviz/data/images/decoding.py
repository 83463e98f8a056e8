"""Image files in, upright 8-bit RGB out, whatever the file holds."""

import struct
import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from udviz.checks import shown
from udviz.data.images.pixels import upright_rgb

# Twice Pillow's own default, which is where Pillow stops warning and refuses. Pillow's limit is
# raised to ours, so that an image below it decodes without a warning.
MAX_PIXELS = 178_956_970
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

# What one picture may take while it is decoded: the picture itself, what its decoder keeps beside
# it, and the RGB made from it. A process decodes one at a time that takes more than LARGE.
MAX_BYTES, LARGE = 1_300_000_000, 2**26
OUTPUT_BYTES = 3  # per pixel, as are these
PICTURE_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # of others 4
DECODER_BYTES = {"AVIF": 3, "JPEG2000": 13, "WEBP": 9}  # as measured
PROGRESSIVE_BYTES = 3  # a progressive JPEG: the coefficients of all its passes
_alone = threading.Lock()

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
        at_least_px: If given, a JPEG may be decoded at a fraction of its size, and any picture
            larger than `LARGE` is reduced as it is converted, both sides still at least this
            long. Faster, and in less memory, where the image is shrunk anyway.
        max_pixels: Larger images are refused before they are decoded.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ImageError: If the file is missing, unreadable, truncated, larger than ``max_pixels``,
            needs more than `MAX_BYTES`, or has pixels without an agreed range (floating point).
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            n_bytes = check_size(image, max_pixels)
            if at_least_px is not None:
                image.draft(None, (at_least_px, at_least_px))
            with _alone if n_bytes > LARGE else nullcontext():
                return upright_rgb(image, factor=_factor(image, at_least_px))
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
        read_image(path, at_least_px=1, max_pixels=max_pixels)


def check_size(image: Image.Image, max_pixels: int) -> int:
    """Bytes that decoding ``image`` takes, from its header; nothing is decoded.

    Raises:
        DecompressionBombError: If the header claims more than ``max_pixels``.
        ValueError: If it takes more than `MAX_BYTES`.
    """
    n_pixels = image.width * image.height
    if n_pixels > max_pixels:
        raise Image.DecompressionBombError
    decoder = DECODER_BYTES.get(image.format or "", 0)
    if "progressive" in image.info:
        decoder += PROGRESSIVE_BYTES
    n_bytes = n_pixels * (PICTURE_BYTES.get(image.mode, 4) + decoder + OUTPUT_BYTES)
    if n_bytes > MAX_BYTES:
        raise ValueError(
            f"as {image.format} of this size it takes {n_bytes / 1e9:.1f} GB of memory, "
            f"{MAX_BYTES / 1e9:.1f} GB are allowed; save it smaller"
        )
    return n_bytes


def _factor(image: Image.Image, at_least_px: int | None) -> int:
    """How many times smaller a large picture may become."""
    if at_least_px is None or 4 * image.width * image.height <= LARGE:
        return 1
    return max(1, min(image.size) // at_least_px)


def _ends_well(path: Path | str, kind: str | None) -> bool:
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1024))
        tail = file.read()
    if kind in ("JPEG", "MPO"):
        return b"\xff\xd9" in tail  # end of image; some cameras write a little after it
    return kind == "PNG" and tail[-8:-4] == b"IEND"


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
