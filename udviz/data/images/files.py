"""The files behind a data set: kept inside their folder, present, whole, and told apart."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from udviz.checks import is_text
from udviz.data.images.decoding import ImageError, check_image, read_image
from udviz.data.images.digests import FileDigest, FileDigests
from udviz.data.images.lookalikes import LOOKED_AT_PX, difference_hash
from udviz.roots import data_root

SAMPLE_BYTES = 1024
SHOW_PROGRESS_FROM = 2_000  # below it, the check is over before a bar could be read
_PART = 64  # files that a thread looks at in one go, at most
VERIFY = ("header", "decode", "none")
LINK_OUT = "image that is a link to another place (UDVIZ_DATA may name a folder that holds both)"


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What one look at an image file told.

    Attributes:
        file: The file with the digest of its bytes; None if it is unusable.
        look: Its `difference_hash`; None if it was not decoded.
        problem: Kind of problem, or "" if the file can be used.
        detail: The problem in words.
    """

    file: FileDigest | None = None
    look: int | None = None
    problem: str = ""
    detail: str = ""


def path_inside(root: Path, name: str) -> Path | None:
    """The file ``name`` below ``root``; None if it is no plain name, or a link to elsewhere.

    A plain name is relative and without ``..``. Links are followed before the question is asked;
    they may lead anywhere inside ``$UDVIZ_DATA`` and, where that is not set, inside ``root``.
    """
    return ImageFolder(root).file(name)


class ImageFolder:
    """The files below one folder; where its folders really lie is asked once.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self._top = os.path.realpath(root)
        self._allowed = allowed_folder(self._top)
        self._real: dict[str, str] = {}

    def file(self, name: str) -> Path | None:
        """As `path_inside`."""
        if not _is_plain(name):
            return None
        folder, last = os.path.split(name)
        if folder not in self._real:
            self._real[folder] = os.path.realpath(os.path.join(self._top, folder))
        path = os.path.join(self._real[folder], last)
        if os.path.islink(path):
            path = os.path.realpath(path)
        return Path(path) if path.startswith(self._allowed) else None


def allowed_folder(top: str) -> str:
    """What all files must lie in, with a separator at its end."""
    return os.path.join(data_root() or top, "")


def inspect_files(paths: Sequence[Path], *, verify: str, digests: FileDigests) -> list[FileFacts]:
    """Look at every file, in threads, with a progress bar if there are many."""
    hidden = len(paths) <= SHOW_PROGRESS_FROM
    n_together = max(1, min(_PART, len(paths) // 16))
    parts = [paths[start : start + n_together] for start in range(0, len(paths), n_together)]
    facts: list[FileFacts] = []
    with (
        ThreadPoolExecutor(max_workers=4) as pool,
        tqdm(total=len(paths), desc="checking images", unit=" images", disable=hidden) as bar,
    ):
        for part in pool.map(lambda part: [_inspect(p, verify, digests) for p in part], parts):
            facts += part
            bar.update(len(part))
    return facts


def sample_digest(path: Path) -> bytes:
    """Digest of a file's size and of its first, middle and last KiB."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16)
        for start in (0, size // 2 - SAMPLE_BYTES // 2, size - SAMPLE_BYTES):
            digest.update(os.pread(file.fileno(), SAMPLE_BYTES, max(0, start)))
    return digest.digest()


def _is_plain(name: str) -> bool:
    parts = name.split(os.sep)
    leads_away = parts[-1] in ("", ".") or ".." in parts or os.path.isabs(name)
    return not leads_away and "\0" not in name and is_text(name)


def _inspect(path: Path, verify: str, digests: FileDigests) -> FileFacts:
    try:
        file = digests.read(path)
    except FileNotFoundError:
        return FileFacts(problem="missing file", detail="there is no such file")
    except OSError as error:
        return FileFacts(problem="unreadable image", detail=error.strerror or str(error))
    try:
        if verify == "header":
            check_image(path)
        look = _look(file, digests) if verify == "decode" else None
    except ImageError as error:
        return FileFacts(problem="unreadable image", detail=str(error))
    return FileFacts(file=file, look=look)


def _look(file: FileDigest, digests: FileDigests) -> int:
    """How a file looks, remembered or decoded: a JPEG at a fraction of its size, as strict."""
    look = digests.look(file)
    if look is None:
        look = difference_hash(read_image(file.path, at_least_px=LOOKED_AT_PX))
        digests.note_look(file, look)
    return look
