"""Masks in a folder: one image per photo whose pixel values are labels."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from udviz.checks import shown
from udviz.data.images.decoding import DECODE_ERRORS, MAX_PIXELS, ImageError, check_size, reason
from udviz.data.images.digests import FileDigest, FileDigests
from udviz.data.images.files import ImageFolder
from udviz.data.problems import ProblemLog
from udviz.data.tables.columns import require_columns, texts
from udviz.data.tables.frames import read_frame

NO_LABEL = "null"
NO_MASK = bytes(16)  # in place of a digest
LARGEST_VALUE = 65535


@dataclass(frozen=True, eq=False, kw_only=True)
class MaskFolder:
    """Reads the mask of the image at an index; a class, because a closure cannot be pickled.

    Attributes:
        paths: The N mask files; None where an image has none.
        label_of_value: (65536,) int16 label index of a pixel value, -1 for none of the labels.
        files: The same files with their digests, once they were read.
    """

    paths: tuple[Path | None, ...]
    label_of_value: np.ndarray
    files: tuple[FileDigest | None, ...] = ()

    def __call__(self, index: int) -> np.ndarray | None:
        """(H, W) int16 label index per pixel, -1 = none of the labels; None without a mask.

        Raises:
            ImageError: If the mask cannot be read, has changed since its digest was taken, or does
                not hold one whole number per pixel.
        """
        path = self.paths[index]
        if path is None:
            return None
        try:
            with Image.open(path, formats=("PNG",)) as image:
                check_size(image, MAX_PIXELS)
                values = np.asarray(image)
        except DECODE_ERRORS as error:
            raise ImageError(
                f"{path}: the mask cannot be decoded: {reason(error, MAX_PIXELS)}."
            ) from error
        if self.files and (file := self.files[index]) is not None:
            file.check()
        if values.ndim != 2 or values.dtype.kind not in "ui" or values.max() > LARGEST_VALUE:
            raise ImageError(f"{path}: a mask must hold one value in [0, 65535] per pixel.")
        labels = np.empty(values.shape, dtype=np.int16)
        for row, line in zip(labels, values, strict=True):  # all at once would take 8 bytes a pixel
            row[:] = self.label_of_value[line]
        return labels  # (H, W)

    def read(self, digests: FileDigests) -> "MaskFolder":
        """The same masks, with the digests of their files.

        Raises:
            OSError: If a mask cannot be read.
        """
        with ThreadPoolExecutor(max_workers=4) as pool:
            files = pool.map(lambda path: None if path is None else digests.read(path), self.paths)
            return replace(self, files=tuple(files))

    def contents(self) -> Iterator[bytes]:
        """What tells these masks apart: their bytes, and what their pixel values mean."""
        yield self.label_of_value.astype(np.int16).tobytes()
        yield from (NO_MASK if file is None else file.digest for file in self.files)


def read_label_values(path: Path | str, label_names: Sequence[str]) -> np.ndarray:
    """Read which label each pixel value of a mask means.

    Args:
        path: Table with the columns ``value`` and ``label``. The label ``null``, and labels that
            are not among ``label_names``, are none of the labels.
        label_names: The L label names.

    Returns:
        (65536,) int16 label index of a pixel value, -1 for none of the labels.

    Raises:
        ValueError: If a column is absent or a value is not a whole number in [0, 65535].
    """
    frame = read_frame(Path(path), ProblemLog())
    require_columns(frame, ["value", "label"], flag="--data.mask_labels")
    column_of = {name: place for place, name in enumerate(label_names) if name != NO_LABEL}
    label_of_value = np.full(LARGEST_VALUE + 1, -1, dtype=np.int16)
    for value, label in zip(texts(frame["value"]), texts(frame["label"]), strict=True):
        digits = value.lstrip("0") or value[:1]
        if not value.isdecimal() or len(digits) > 5 or int(digits) > LARGEST_VALUE:
            raise ValueError(
                f"The values in {path} must be whole numbers in [0, 65535], "
                f"got {shown(repr(value))}."
            )
        label_of_value[int(digits)] = column_of.get(label, -1)
    return label_of_value


def mask_folder(
    folder: Path | str, image_ids: Sequence[str], *, label_of_value: np.ndarray
) -> MaskFolder:
    """The masks ``<folder>/<image id without its suffix>.png`` of the images that have one."""
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"`masks` must be a folder, got {folder}.")
    names = (str(PurePosixPath(image_id).with_suffix(".png")) for image_id in image_ids)
    inside = ImageFolder(Path(folder))
    paths = map(inside.file, names)
    return MaskFolder(
        paths=tuple(path if path is not None and path.is_file() else None for path in paths),
        label_of_value=label_of_value,
    )
