"""The files behind a data set: kept inside their folder, present, whole, and told apart."""

import functools
import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from udviz.data.images import ImageError, check_image, read_image
from udviz.data.problems import ProblemLog

SAMPLE_BYTES = 1024
SHOW_PROGRESS_FROM = 2_000  # below it, the check is over before a bar could be read
VERIFY = ("header", "decode", "none")


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What one look at an image file told.

    Attributes:
        key: Size, and a digest of the first, middle and last KiB; empty if the file is unusable.
            Files with different keys differ; files with the same key almost surely do not.
        problem: Kind of problem, or "" if the file can be used.
        detail: The problem in words.
    """

    key: bytes = b""
    problem: str = ""
    detail: str = ""


def path_inside(root: Path, name: str) -> Path | None:
    """The file ``name`` below ``root``; None if it is absolute, leaves ``root`` or is no name.

    Symbolic links are followed before the question is asked.
    """
    return _path_inside(os.path.realpath(root), name, os.path.realpath)


def locate(
    root: Path, names: Sequence[str], log: ProblemLog, *, first_row: int = 0
) -> list[Path | None]:
    """The files ``names`` below the folder ``root``; rows without one turn bad.

    Raises:
        FileNotFoundError: If ``root`` is not a folder.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"The images must be in a folder, got {root}.")
    top = os.path.realpath(root)
    real_folder = functools.cache(os.path.realpath)  # the same few folders for every image
    paths = [_path_inside(top, name, real_folder) for name in names]
    for row, (path, name) in enumerate(zip(paths, names, strict=True), first_row):
        if not name:
            log.add("row without an image name", f"row {row + 1}", row=row)
        elif path is None:
            log.add("image outside the images folder", name, row=row)
    return paths


def inspect_files(paths: Sequence[Path], *, verify: str) -> list[FileFacts]:
    """Look at every file, in threads, with a progress bar if there are many."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        facts = pool.map(lambda path: _inspect(path, verify), paths)
        hidden = len(paths) <= SHOW_PROGRESS_FROM
        return list(tqdm(facts, total=len(paths), desc="checking images", disable=hidden))


def file_digest(path: Path) -> str:
    """Digest of all bytes of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def _path_inside(top: str, name: str, real_folder: Callable[[str], str]) -> Path | None:
    folder, last = os.path.split(name)
    if last in ("", ".", "..") or "\0" in name or os.path.isabs(name):
        return None
    path = os.path.join(real_folder(os.path.join(top, folder)), last)
    if os.path.islink(path):
        path = os.path.realpath(path)
    return Path(path) if path.startswith(top.rstrip(os.sep) + os.sep) else None


def _inspect(path: Path, verify: str) -> FileFacts:
    try:
        key = _quick_key(path)
    except FileNotFoundError:
        return FileFacts(problem="missing file", detail="there is no such file")
    except OSError as error:
        return FileFacts(problem="unreadable image", detail=error.strerror or str(error))
    try:
        if verify == "header":
            check_image(path)
        elif verify == "decode":
            read_image(path)
    except ImageError as error:
        return FileFacts(problem="unreadable image", detail=str(error))
    return FileFacts(key=key)


def _quick_key(path: Path) -> bytes:
    # without O_NONBLOCK, opening a named pipe would wait for ever
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path}: not a regular file")
        size = status.st_size
        digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16)
        for start in (0, size // 2 - SAMPLE_BYTES // 2, size - SAMPLE_BYTES):
            digest.update(os.pread(descriptor, SAMPLE_BYTES, max(0, start)))
    finally:
        os.close(descriptor)
    return digest.digest()
