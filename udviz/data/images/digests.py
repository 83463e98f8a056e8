"""Digests of whole files, remembered from start to start.

A file is taken for the one that was read before if its place, inode, size and both its times are
the same; nobody sets the time of a change (``ctime``) back. A file that changed less than
`SETTLED_NS` before it was read is not remembered: a second change within one tick of the file
system's clock would leave no trace.
"""

import contextlib
import functools
import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from udviz.data.images.decoding import ImageError

SIZE = 16  # bytes of a digest, and of a stamp
SETTLED_NS = 2_000_000_000
LARGEST_FILE = 2**30  # bytes; more than any image that is read, decoded
LARGEST_MEMORY = 2**30  # bytes; 32 a file


class FileDigests:
    """Digests of files; may be asked by several threads.

    Args:
        memory: File that remembers them; None to remember nothing.
    """

    def __init__(self, memory: Path | None = None) -> None:
        self._memory = memory
        self._known = {} if memory is None else _remembered(memory)
        self._used: dict[bytes, bytes] = {}

    def read(self, path: Path) -> "FileDigest":
        """The digest of all bytes of a file.

        Raises:
            OSError: If it cannot be read, is larger than `LARGEST_FILE`, or is no plain file (a
                named pipe would be waited for).
        """
        status = os.stat(path)
        found = self._known.get(_stamp(path, status))
        if found is None:
            status, found = _read(path)
        stamp = _stamp(path, status)
        if max(status.st_mtime_ns, status.st_ctime_ns) < time.time_ns() - SETTLED_NS:
            self._used[stamp] = found
        return FileDigest(path=path, stamp=stamp, digest=found)

    def look(self, file: "FileDigest") -> int | None:
        """How a file with these bytes looks; None if it is not known to decode."""
        found = self._used.get(_mark(file)) or self._known.get(_mark(file))
        return None if found is None else int.from_bytes(found)

    def note_look(self, file: "FileDigest", look: int) -> None:
        """Remember that these bytes decode, and the `difference_hash` of what they show."""
        self._used[_mark(file)] = look.to_bytes(SIZE)

    def save(self) -> None:
        """Remember the digests for the next start; without success, that one is slower."""
        if self._memory is None or self._used.keys() <= self._known.keys():
            return
        gone = len(self._known) > 4 * len(self._used)  # most are of files that are no more
        rows = b"".join(
            stamp + digest
            for stamp, digest in (self._used if gone else self._known | self._used).items()
        )
        draft = self._memory.with_name(f".{self._memory.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            try:
                draft.write_bytes(_checksum(rows) + rows)
                draft.replace(self._memory)
            finally:
                draft.unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileDigest:
    """One file as it was read.

    Attributes:
        path: The file.
        stamp: Digest of its place, inode, size and times.
        digest: Digest of all its bytes.
    """

    path: Path
    stamp: bytes
    digest: bytes

    def check(self) -> None:
        """Raise if the file has other bytes now.

        Raises:
            ImageError: Names the file.
        """
        try:
            same = _stamp(self.path, os.stat(self.path)) == self.stamp
            if same or _read(self.path)[1] == self.digest:
                return
        except OSError as error:
            raise ImageError(f"{self.path}: {error.strerror or error}.") from error
        raise ImageError(
            f"{self.path} has changed since the data set was read. Put it back, and start again."
        )


def memory_of(directory: Path, root: Path) -> Path:
    """The file below ``directory`` that remembers the files of the data set in ``root``."""
    place = hashlib.blake2b(os.fsencode(os.path.realpath(root)), digest_size=SIZE).hexdigest()
    return directory / f"{place}.digests"


def _read(path: Path) -> tuple[os.stat_result, bytes]:
    # without O_NONBLOCK, opening a named pipe would wait for ever
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path}: not a regular file")
        if status.st_size > LARGEST_FILE:
            raise OSError(f"{path}: more than the {LARGEST_FILE:,} bytes allowed")
        hasher = functools.partial(hashlib.blake2b, digest_size=SIZE)
        return status, hashlib.file_digest(file, hasher).digest()


def _stamp(path: Path, status: os.stat_result) -> bytes:
    seen = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    named = os.fsencode(path) + repr(seen).encode()
    return hashlib.blake2b(named, digest_size=SIZE).digest()


def _mark(file: FileDigest) -> bytes:
    """Under which the look of bytes that decode is kept; no stamp is like it."""
    return hashlib.blake2b(file.digest, digest_size=SIZE, person=b"looks").digest()


def _checksum(rows: bytes) -> bytes:
    return hashlib.blake2b(rows, digest_size=SIZE).digest()


def _remembered(memory: Path) -> dict[bytes, bytes]:
    """Digest by stamp; nothing if the file is missing, damaged, or no plain file."""
    try:
        with open(os.open(memory, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_MEMORY:
                return {}
            checksum, rows = file.read(SIZE), file.read()
    except OSError:
        return {}
    if checksum != _checksum(rows) or len(rows) % (2 * SIZE):
        return {}
    starts = range(0, len(rows), 2 * SIZE)
    return {rows[at : at + SIZE]: rows[at + SIZE : at + 2 * SIZE] for at in starts}
