"""Locks that vanish with the process that holds them, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STUDY_LOCK = ".lock"
HANDED_OVER = "UDVIZ_LOCK"  # environment variable: file descriptor of a study's lock


@contextmanager
def exclusive(directory: Path) -> Iterator[int]:
    """Hold the study at ``directory``; gives the file descriptor that holds the lock.

    A process that was started by the holder, and given that descriptor in `HANDED_OVER`, holds
    it as well; so a study passes from one process to the next without a gap.

    Raises:
        RuntimeError: If another process holds it.
    """
    path = directory / STUDY_LOCK
    if (handed := _handed_over(path)) is not None:
        yield handed
        return
    handle = try_lock(path)
    if handle is None:
        raise RuntimeError(
            f"`{directory}` is being worked on by another process. "
            "Wait for it, stop it, or choose another --out."
        )
    try:
        yield handle
    finally:
        os.close(handle)


def try_lock(path: Path) -> int | None:
    """Lock ``path``; the file descriptor that holds it, or None if another process does."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Hold ``path`` for a moment; waits for others who do."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _handed_over(path: Path) -> int | None:
    """Descriptor of the lock at ``path`` that this process was started with, if it was."""
    try:
        handle = int(os.environ.get(HANDED_OVER, ""))
        same = os.path.samestat(os.fstat(handle), path.stat())
    except (ValueError, OSError):
        return None
    return handle if same else None
