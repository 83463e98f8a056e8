"""Decode-once cache: every image of a data set, warped to a square, as raw bytes on disk.

Three files in ``<directory>/<fingerprint>-<side>/``: ``pixels.bin`` holds N rows of
side x side x 3 uint8 and is sparse until rows are written; ``shapes.bin`` holds N pairs of uint16,
height and width before warping; ``checksums.bin`` holds N uint32, 0 where a row is absent. A row is
served only if its bytes match its checksum, so a write that was cut short by a crash costs one
decode and nothing else, and processes need no lock: they write the same bytes.
"""

import os
import shutil
import tempfile
import weakref
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from udviz.checks import check_at_least
from udviz.data.dataset import Dataset
from udviz.data.images.decoding import read_image

CHECKSUM = np.dtype("<u4")
SHAPE = np.dtype("<u2")
PIXELS, SHAPES, CHECKSUMS = FILES = ("pixels.bin", "shapes.bin", "checksums.bin")


def decoded_folder(directory: Path | str, *, fingerprint: str, side_px: int) -> Path:
    """Where below ``directory`` the images of a data set lie at one size."""
    return Path(directory) / f"{fingerprint}-{side_px}"


def stored_image(folder: Path | str, index: int, *, side_px: int) -> np.ndarray | None:
    """One image of a cache, if it is there; the data set is not needed for it.

    Args:
        folder: See `decoded_folder`.
        index: Of the image in its data set.
        side_px: Side that the cache was made for.

    Returns:
        (side, side, 3) uint8; None where this cache does not hold the image, or not whole.
    """
    if index < 0:
        return None
    try:
        with (
            open(Path(folder) / PIXELS, "rb") as pixels,
            open(Path(folder) / CHECKSUMS, "rb") as checksums,
        ):
            return _read_row(pixels.fileno(), checksums.fileno(), index, side_px)
    except FileNotFoundError:
        return None


def stored_aspect(folder: Path | str, index: int) -> float:
    """Width over height of an image before it was warped; 1 where the cache does not know."""
    try:
        with open(Path(folder) / SHAPES, "rb") as shapes:
            pair = os.pread(shapes.fileno(), 2 * SHAPE.itemsize, index * 2 * SHAPE.itemsize)
    except FileNotFoundError:
        return 1.0
    height, width = np.frombuffer(pair, SHAPE) if len(pair) == 2 * SHAPE.itemsize else (0, 0)
    return float(width) / float(height) if height and width else 1.0


class DecodedImages:
    """The images of a data set as (side, side, 3) uint8 arrays, each decoded once.

    Index it like a list. The first access to an image decodes, warps and stores it, later ones
    (also of other processes, also after a restart) read it back. May be forked and pickled.
    """

    def __init__(self, dataset: Dataset, *, side_px: int, directory: Path | str) -> None:
        """Open the cache of ``dataset`` at ``side_px`` below ``directory``, making it if needed.

        Raises:
            ValueError: If ``side_px`` < 1.
            OSError: If the cache cannot be made or opened.
        """
        check_at_least(side_px, 1, name="side_px")
        self._paths = dataset.paths
        self._files = dataset.files
        self._load = dataset.load
        self._n_images = len(dataset.image_ids)
        self._side = side_px
        self._folder = decoded_folder(directory, fingerprint=dataset.fingerprint, side_px=side_px)
        row_bytes = {PIXELS: self._row_bytes, SHAPES: 2 * SHAPE.itemsize}
        row_bytes[CHECKSUMS] = CHECKSUM.itemsize
        _make_empty(self._folder, {name: self._n_images * n for name, n in row_bytes.items()})
        self._open()

    def __len__(self) -> int:
        return self._n_images

    def __getitem__(self, index: int) -> np.ndarray:
        """The image at ``index``.

        Returns:
            (side, side, 3) uint8, a fresh writable array.

        Raises:
            IndexError: If ``index`` is outside [0, N).
            ImageError: If the image must be decoded and cannot be, or its file has changed since
                the data set was read.
            OSError: If the row cannot be stored, for one because the disk is full.
        """
        if not 0 <= index < self._n_images:
            raise IndexError(f"`index` must lie in [0, {self._n_images}), got {index}.")
        row = _read_row(self._pixels, self._checksums, int(index), self._side)
        if row is None:
            image = self._decode(int(index))
            row = _warp(image, self._side)
            self._write(int(index), row, image.shape[:2])
        return row

    @property
    def _row_bytes(self) -> int:
        return self._side * self._side * 3

    def _open(self) -> None:
        # a cache of an earlier version has no shapes
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW  # a link might lead anywhere
        descriptors = [os.open(self._folder / name, flags, 0o644) for name in FILES]
        self._pixels, self._shapes, self._checksums = descriptors
        for descriptor in descriptors:
            weakref.finalize(self, os.close, descriptor)

    def _decode(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8, perhaps at a fraction of its size."""
        if self._paths is None:
            return self._load(index)
        # twice the side leaves the antialiasing something to average
        image = read_image(self._paths[index], at_least_px=2 * self._side)
        if self._files:
            self._files[index].check()  # after it: what was read is what the fingerprint names
        return image

    def _write(self, index: int, row: np.ndarray, shape: tuple[int, ...]) -> None:
        largest = max(*shape, np.iinfo(SHAPE).max)
        pair = np.array([max(1, side * np.iinfo(SHAPE).max // largest) for side in shape], SHAPE)
        try:
            _write_fully(self._pixels, row.tobytes(), index * self._row_bytes)
            _write_fully(self._shapes, pair.tobytes(), index * pair.nbytes)
            _write_fully(self._checksums, _checksum(row), index * CHECKSUM.itemsize)
        except OSError as error:
            gigabytes = self._n_images * self._row_bytes / 1e9
            raise OSError(
                error.errno,
                f"{error.strerror} while storing a decoded image; all of them need "
                f"{gigabytes:.2g} GB. Free space, or choose another directory",
                str(self._folder),
            ) from error

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()  # another process, other descriptors


def _read_row(pixels: int, checksums: int, index: int, side: int) -> np.ndarray | None:
    """The row at ``index``, if its bytes match its checksum."""
    stored = os.pread(checksums, CHECKSUM.itemsize, index * CHECKSUM.itemsize)
    if not any(stored):  # absent, or the file ends before it
        return None
    row = np.empty((side, side, 3), dtype=np.uint8)
    n_read = os.preadv(pixels, [row.data], index * row.nbytes)
    whole = n_read == row.nbytes and stored == _checksum(row)
    return row if whole else None


def _warp(image: np.ndarray, side: int) -> np.ndarray:
    """(side, side, 3) uint8, writable."""
    if image.shape[:2] == (side, side):
        return np.array(image)
    square = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)
    return np.array(square)


def _checksum(row: np.ndarray) -> bytes:
    """CRC-32 of a row as stored; never 0, which means absent."""
    return CHECKSUM.type(zlib.crc32(row.data) or 1).astype(CHECKSUM).tobytes()


def _write_fully(descriptor: int, data: bytes, offset: int) -> None:
    """Write at ``offset``. Not through a memory map: there a full disk kills the process."""
    view = memoryview(data)
    while view:
        n_written = os.pwrite(descriptor, view, offset)
        view, offset = view[n_written:], offset + n_written


def _make_empty(folder: Path, n_bytes: dict[str, int]) -> None:
    """Make the empty files at once: whoever renames first wins, the others use the winner's."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, size in n_bytes.items():
            with open(draft / name, "xb") as file:
                file.truncate(size)
        draft.chmod(0o755)  # mkdtemp's 0700 would shut out a colleague
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not folder.is_dir():
            raise
