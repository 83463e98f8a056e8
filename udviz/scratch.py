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
        if hasattr(os, "posix_fallocate"):  # not on macOS
            os.posix_fallocate(file.fileno(), 0, n_bytes)
        return np.memmap(file, dtype=dtype, mode="w+", shape=shape, order="F")
