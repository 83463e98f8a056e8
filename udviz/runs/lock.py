"""One process at a time per study."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Hold the study at ``directory``; the lock vanishes with the process, however it ends.

    Raises:
        RuntimeError: If another process holds it.
    """
    with (directory / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RuntimeError(
                f"`{directory}` is being worked on by another process. "
                "Wait for it, stop it, or choose another --out."
            ) from error
        yield
