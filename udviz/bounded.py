"""Reading what somebody else made: no file is read before it is known to be small enough.

A copied study may hold a sparse file of 20 GB in place of a few hundred bytes, or a table of 7 MB
whose 300 million equal rows need many gigabytes.
"""

import errno
import os
import stat
from pathlib import Path

MOST = 2**20  # bytes of a recipe, a status, a ticket
MOST_RECORD = 2**24  # bytes of what names every label
MOST_ROWS, MOST_TABLE = 2**24, 2**31  # rows of a table; bytes of its columns
_BYTES_PER_CELL = 8  # at least, once read
# What pandas and pyarrow raise on a Parquet file that is damaged or of another kind.
NO_PARQUET = (ValueError, TypeError, OSError, LookupError, AttributeError, NotImplementedError)


def read_bytes(path: Path, *, most: int = MOST, last: int | None = None, flags: int = 0) -> bytes:
    """What is in a file, or in its ``last`` bytes.

    Args:
        path: Of the file.
        most: Bytes that it may have where all of it is wanted.
        last: Bytes from its end that are wanted of a file of any size; None = all of it.
        flags: For `os.open`, as ``os.O_NOFOLLOW``.

    Raises:
        OSError: If it is missing, larger than ``most``, or no plain file (a named pipe would be
            waited for).
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | flags)
    with open(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is no plain file", str(path))
        if last is None and found.st_size > most:
            raise OSError(errno.EFBIG, f"must have at most {most:,} bytes", str(path))
        if last is not None:
            file.seek(max(0, found.st_size - last))
        return file.read(most if last is None else last)  # it may have grown since


def read_text(path: Path, *, most: int = MOST) -> str:
    """What is in a text file, as `read_bytes` reads it.

    Raises:
        OSError: As `read_bytes`.
        ValueError: If it is no UTF-8.
    """
    return read_bytes(path, most=most).decode()


def check_parquet(path: Path, *, most_rows: int = MOST_ROWS, most_bytes: int = MOST_TABLE) -> None:
    """Raise unless a Parquet file says of itself that it is small; nothing but that is read.

    Args:
        path: Of the file.
        most_rows: Rows that it may have.
        most_bytes: Bytes that its columns may take, as they are stored and as they are read.

    Raises:
        OSError: If it cannot be opened.
        pyarrow.ArrowException: If it is no Parquet file.
        ValueError: If it is larger.
    """
    from pyarrow.parquet import read_metadata

    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "is no plain file", str(path))
    about = read_metadata(path)
    stored = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    n_bytes = max(stored, about.num_rows * about.num_columns * _BYTES_PER_CELL)
    if about.num_rows > most_rows or n_bytes > most_bytes:
        raise ValueError(
            f"`{path}` must have at most {most_rows:,} rows and {most_bytes:,} bytes, got "
            f"{about.num_rows:,} rows and {n_bytes:,} bytes or more."
        )
