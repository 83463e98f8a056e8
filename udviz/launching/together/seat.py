"""How machines that train together find each other: in a folder that all see, not on a network.

What is written there decides what runs, so the folder belongs to its owner alone.
"""

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from udviz.studies.files import own_bytes
from udviz.studies.lock import try_lock

_WORDS = re.compile(r"(?P<token>[0-9a-f]{16}) (?P<state>here|left)")


def private_folder(folder: Path) -> Path:
    """Make ``folder``, which nobody else may read or write.

    Raises:
        ValueError: If there is something else in its place.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    mine = found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode)
    if not mine or stat.S_IMODE(found.st_mode) & 0o077:
        raise ValueError(
            f"`{folder}` must be a folder that its owner alone may open, got one that others may, "
            "or no folder. Remove it, and start again."
        )
    return folder


class Seat:
    """The place of this machine among all, which a lock holds for as long as this process lives.

    Every machine keeps a token in its seat. The tokens of all, as they are at a moment, name one
    meeting; a machine that comes back, or wants to begin anew, brings a new token.

    Args:
        folder: Private folder that all machines see.
        n_machines: Number of seats.
        is_over: Whether to wait no longer for a seat.
        wait: Passes a moment.

    Raises:
        InterruptedError: If there was none to be had until `is_over`.
    """

    def __init__(
        self,
        folder: Path,
        n_machines: int,
        *,
        is_over: Callable[[], bool],
        wait: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._n_machines = n_machines
        while (taken := self._take()) is None:
            if is_over():
                raise InterruptedError(f"All {n_machines} places in `{folder}` are taken.")
            wait()
        self.number, self._handle = taken
        self.renew()

    def _take(self) -> tuple[int, int] | None:
        for number in range(self._n_machines):
            if (handle := try_lock(self._path(number))) is not None:
                return number, handle
        return None

    def renew(self) -> None:
        """Call for another meeting."""
        self._token = secrets.token_hex(8)
        self._say("here")

    def leave(self) -> None:
        """Let the others know that this machine comes to no further meeting."""
        self._say("left")

    def _say(self, state: str) -> None:
        os.pwrite(self._handle, f"{self._token} {state}".encode(), 0)  # always of the same length
        os.fsync(self._handle)

    def meeting(self) -> tuple[str, ...]:
        """The tokens of all machines; empty if one is missing."""
        words = [self._read(number) for number in range(self._n_machines)]
        here = tuple(word["token"] for word in words if word and word["state"] == "here")
        return here if len(here) == self._n_machines else ()

    def has_any_left(self) -> bool:
        """Whether a machine has left since all were here, or has not come since it did."""
        words = [self._read(number) for number in range(self._n_machines)]
        return any(word["state"] == "left" for word in words if word)

    def file_of(self, meeting: Sequence[str]) -> Path:
        """Where the processes of ``meeting`` tell each other their addresses."""
        name = hashlib.sha256(" ".join(meeting).encode()).hexdigest()[:20]
        return self._folder / f"meeting-{name}"

    def _read(self, number: int) -> re.Match[str] | None:
        try:
            text = own_bytes(self._path(number), last=64).decode("ascii", errors="replace")
        except OSError:
            return None
        return _WORDS.fullmatch(text)

    def _path(self, number: int) -> Path:
        return self._folder / f"seat-{number}"
