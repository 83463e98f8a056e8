"""Arrays larger than memory should hold: kept in a temporary file that vanishes with them."""

import os
import tempfile
from math import prod

import numpy as np
from numpy.typing import DTypeLike

IN_MEMORY_UP_TO = 128 * 2**20  # bytes


def empty_columns(
    shape: tuple[int, int], dtype: DTypeLike, *, in_memory_up_to: int = IN_MEMORY_UP_TO
) -> np.ndarray:
    """An uninitialised Fortran-ordered matrix, so that one label's column is contiguous.

    Args:
        shape: (N, L).
        dtype: Of its values.
        in_memory_up_to: Bytes; a larger matrix is mapped from an unnamed file in the folder for
            temporary files (``TMPDIR``), which the system frees with the last reference.

    Raises:
        OSError: If there is no room for it there; found out now, as a write to a map of a full
            disk would end the process.
    """
    n_bytes = prod(shape) * np.dtype(dtype).itemsize
    if n_bytes <= in_memory_up_to:
        return np.empty(shape, dtype=dtype, order="F")
    with tempfile.TemporaryFile(prefix="udviz-") as file:
        reserve(file.fileno(), n_bytes)
        return np.memmap(file, dtype=dtype, mode="w+", shape=shape, order="F")


def reserve(handle: int, n_bytes: int) -> None:
    """Take the disk space of an open file now, where the system can (macOS cannot).

    Raises:
        OSError: If there is no room for it.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, n_bytes)
