"""Decode-once cache: every image of a data set, warped to a square, as raw bytes on disk.

Two files in ``<directory>/<fingerprint>-<side>/``: ``pixels.bin`` holds N rows of side x side x 3
uint8 and is sparse until rows are written; ``checksums.bin`` holds N uint32, 0 where a row is
absent. A row is served only if its bytes match its checksum, so a write that was cut short by a
crash costs one decode and nothing else, and processes need no lock: they write the same bytes.
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
from udviz.data.images import read_image

CHECKSUM = np.dtype("<u4")
FILES = ("pixels.bin", "checksums.bin")


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
        self._load = dataset.load
        self._n_images = len(dataset.image_ids)
        self._side = side_px
        self._folder = Path(directory) / f"{dataset.fingerprint}-{side_px}"
        _make_empty(self._folder, self._n_images, self._n_images * self._row_bytes)
        self._open()

    def __len__(self) -> int:
        return self._n_images

    def __getitem__(self, index: int) -> np.ndarray:
        """The image at ``index``.

        Returns:
            (side, side, 3) uint8, a fresh writable array.

        Raises:
            IndexError: If ``index`` is outside [0, N).
            ImageError: If the image must be decoded and cannot be.
            OSError: If the row cannot be stored, for one because the disk is full.
        """
        if not 0 <= index < self._n_images:
            raise IndexError(f"`index` must lie in [0, {self._n_images}), got {index}.")
        row = self._read(int(index))
        if row is None:
            row = self._decode(int(index))
            self._write(int(index), row)
        return row

    @property
    def _row_bytes(self) -> int:
        return self._side * self._side * 3

    def _open(self) -> None:
        descriptors = [os.open(self._folder / name, os.O_RDWR) for name in FILES]
        self._pixels, self._checksums = descriptors
        for descriptor in descriptors:
            weakref.finalize(self, os.close, descriptor)

    def _read(self, index: int) -> np.ndarray | None:
        stored = os.pread(self._checksums, CHECKSUM.itemsize, index * CHECKSUM.itemsize)
        if not any(stored):  # absent, or the file ends before it
            return None
        row = np.empty((self._side, self._side, 3), dtype=np.uint8)
        n_read = os.preadv(self._pixels, [row.data], index * self._row_bytes)
        whole = n_read == self._row_bytes and stored == _checksum(row)
        return row if whole else None

    def _decode(self, index: int) -> np.ndarray:
        if self._paths is None:
            image = self._load(index)
        else:  # twice the side leaves the antialiasing something to average
            image = read_image(self._paths[index], at_least_px=2 * self._side)
        if image.shape[:2] == (self._side, self._side):
            return np.array(image)
        square = Image.fromarray(image).resize((self._side, self._side), Image.Resampling.BILINEAR)
        return np.array(square)  # (side, side, 3)

    def _write(self, index: int, row: np.ndarray) -> None:
        try:
            _write_fully(self._pixels, row.tobytes(), index * self._row_bytes)
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


def _checksum(row: np.ndarray) -> bytes:
    """CRC-32 of a row as stored; never 0, which means absent."""
    return CHECKSUM.type(zlib.crc32(row.data) or 1).astype(CHECKSUM).tobytes()


def _write_fully(descriptor: int, data: bytes, offset: int) -> None:
    """Write at ``offset``. Not through a memory map: there a full disk kills the process."""
    view = memoryview(data)
    while view:
        n_written = os.pwrite(descriptor, view, offset)
        view, offset = view[n_written:], offset + n_written


def _make_empty(folder: Path, n_images: int, n_bytes: int) -> None:
    """Make the two empty files at once: whoever renames first wins, the others use the winner's."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, size in zip(FILES, (n_bytes, n_images * CHECKSUM.itemsize), strict=True):
            with open(draft / name, "xb") as file:
                file.truncate(size)
        draft.chmod(0o755)  # mkdtemp's 0700 would shut out a colleague
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not folder.is_dir():
            raise
