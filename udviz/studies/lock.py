"""Locks that vanish with the process that holds them, however it ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STUDY_LOCK = ".lock"
FAREWELL = 10.0  # seconds that a process may take to end after its last status
_LOOK_EVERY = 0.05  # seconds
HANDED_OVER = "UDVIZ_LOCK"  # environment variable: file descriptor of a study's lock


@contextmanager
def exclusive(directory: Path, *, patience: float = 0.0) -> Iterator[int]:
    """Hold the study at ``directory``; gives the file descriptor that holds the lock.

    A process that was started by the holder, and given that descriptor in `HANDED_OVER`, holds
    it as well; so a study passes from one process to the next without a gap.

    Args:
        directory: Folder of the study.
        patience: Seconds to wait for a process that has said its last word to be gone.

    Raises:
        RuntimeError: If another process holds it.
    """
    path = directory / STUDY_LOCK
    if (handed := _handed_over(path)) is not None:
        yield handed
        return
    ends = time.monotonic() + patience
    while (handle := try_lock(path)) is None and time.monotonic() < ends:
        time.sleep(_LOOK_EVERY)
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
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
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
