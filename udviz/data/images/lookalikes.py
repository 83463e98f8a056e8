"""Pictures that look alike, whatever bytes, size and quality they are stored with."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

NEAR = 3  # bits of 64 in which hashes of one picture may differ
LOOKED_AT_PX = 32  # an image may be decoded this small to be hashed
LEAST_DETAIL = 6  # bits that must differ from the other ones; less is a plain area or a ramp
_BANDS = NEAR + 1  # hashes that differ in NEAR bits agree in at least one of as many bands
_BAND_BITS = 64 // _BANDS


def difference_hash(image: np.ndarray) -> int:
    """64 bits of a picture: does grey rise from left to right, in 8 rows of 8 steps?

    Args:
        image: (H, W, 3) uint8.

    Source:
        Neal Krawetz, "Kind of like that" (2013), known as dHash.
    """
    small = Image.fromarray(image).convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    grey = np.asarray(small)
    return int.from_bytes(np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes())


def near_pairs(hashes: np.ndarray, order: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pictures that differ in at most `NEAR` bits from one that comes later in ``order``.

    Hashes are sorted by each of their bands and compared only where a band agrees, so that nearly
    all pairs are never looked at. Pictures without detail have no near ones.

    Args:
        hashes: (N,) uint64, as `difference_hash` gives them.
        order: (N,) int; pictures of equal order are not compared.

    Yields:
        Index of a picture, once, and of one that it is near to.
    """
    bits = np.bitwise_count(hashes)
    detailed = np.flatnonzero((bits >= LEAST_DETAIL) & (bits <= 64 - LEAST_DETAIL))
    near: dict[int, int] = {}
    for band in range(_BANDS):
        shift = np.uint64(band * _BAND_BITS)
        keys = (hashes[detailed] >> shift) & np.uint64(2**_BAND_BITS - 1)
        by_key = np.argsort(keys, kind="stable")
        for one, other in _within(hashes, detailed[by_key], keys[by_key]):
            early = order[one] < order[other]
            low, high = np.where(early, one, other), np.where(early, other, one)
            apart = order[one] != order[other]
            near |= dict(zip(low[apart].tolist(), high[apart].tolist(), strict=True))
    yield from sorted(near.items())


def _within(
    hashes: np.ndarray, rows: np.ndarray, keys: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Near pairs among rows that are sorted by their keys, and have equal ones."""
    starts = np.arange(len(rows))
    for step in range(1, len(rows)):
        starts = starts[starts < len(rows) - step]
        starts = starts[keys[starts] == keys[starts + step]]
        if not starts.size:
            return
        one, other = rows[starts], rows[starts + step]
        close = np.bitwise_count(hashes[one] ^ hashes[other]) <= NEAR
        yield one[close], other[close]
