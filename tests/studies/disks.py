"""Small disks of a test's own, to fill up or make read-only; any user may have one."""

import mmap
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = mmap.PAGESIZE  # bytes; what a small file takes
_FILLER = "filler"
_RIGHTS = (["--user", "--map-root-user"], [])  # as nobody special, or as root


class Disk:
    """A file system in memory. It hangs in a process's own view of all files, so that it vanishes
    with that process, and is reached from outside through ``/proc``.

    Attributes:
        path: Its topmost folder.
    """

    def __init__(self, keeper: subprocess.Popen, place: Path) -> None:
        self._keeper, self._place = keeper, place
        self.path = Path(f"/proc/{keeper.pid}/root{place}")

    def make_read_only(self, folder: str = "") -> None:
        """Let nobody write into ``folder`` any more."""
        place = f"'{self._place / folder}'"
        self._run(f"mount --bind {place} {place} && mount -o remount,bind,ro {place}")

    def make_writable(self, folder: str = "") -> None:
        """Take that back."""
        self._run(f"umount '{self._place / folder}'")

    def _run(self, command: str) -> None:
        answer = _ask(self._keeper, command)
        assert answer == "0", f"{command} ended with {answer}"


def fill(root: Path, *, leave: int = 0) -> None:
    """Use up the disk at ``root`` but for ``leave`` bytes."""
    room = os.statvfs(root)
    with (root / _FILLER).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - leave)


def free(root: Path) -> None:
    """Give that space back."""
    (root / _FILLER).unlink()


@contextmanager
def small_disk(place: Path, *, n_bytes: int) -> Iterator[Disk]:
    """A disk of ``n_bytes``; the test is skipped where the kernel lets nobody mount one."""
    place.mkdir()
    for rights in _RIGHTS if shutil.which("unshare") else ():
        with _keeper(rights) as keeper:
            if _ask(keeper, f"mount -t tmpfs -o size={n_bytes} tmpfs '{place}'") == "0":
                yield Disk(keeper, place)
                return
    pytest.skip("this kernel does not let me mount a file system")


@contextmanager
def _keeper(rights: list[str]) -> Iterator[subprocess.Popen]:
    command = ["unshare", *rights, "--mount", "sh"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, bufsize=1, **pipes) as keeper:
        try:
            yield keeper
        finally:
            keeper.kill()


def _ask(keeper: subprocess.Popen, command: str) -> str:
    """Exit code of a command that the keeper runs; empty if it could not even start."""
    try:
        keeper.stdin.write(f"{command}\necho $?\n")
    except BrokenPipeError:
        return ""
    return keeper.stdout.readline().strip()
