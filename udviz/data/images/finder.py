"""From the names of images in a label file to the files that are here.

A name is looked for as it is written, then as other systems write it: with backslashes, another
case, another suffix or none, composed accents or not, without leading zeros, in a folder more or
less, as a URL. One file: used, and said. Several:
named, never chosen from. Nothing outside the folder is ever found.
"""

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from tqdm import tqdm

from udviz.checks import is_text, shown
from udviz.data.images.files import (
    LINK_OUT,
    SHOW_PROGRESS_FROM,
    ImageFolder,
    allowed_folder,
    path_inside,
)
from udviz.data.problems import N_EXAMPLES, ProblemLog
from udviz.roots import check_place

MOST_FILES = 20_000_000
MOST_COMPARED = 20_000  # names that a missing one is compared with
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm"),
    *(".pgm", ".avif", ".jp2", ".ico", ".tga"),
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


@dataclass(eq=False)
class ImageFinder:
    """Finds files below one folder by the names that label files give them.

    Attributes:
        root: The folder.
    """

    root: Path

    def find(self, name: str) -> list[str]:
        """Paths below the root, with ``/``, of the files that ``name`` may mean, best kind only.

        A name with ``..`` means no file.
        """
        if not _may_be_looked_for(name):
            return []
        plain = _plain(name)
        for whole in (name, plain):
            if whole in self._names:
                return [whole]
        keys = (key(tail) for tail in _tails(plain) for key in (_exact, _folded, _stem, _number))
        found = next((self._by_key[key] for key in keys if key in self._by_key), [])
        return found if found or unquote(name) == name else self.find(unquote(name))

    def nearest(self, name: str) -> str:
        """The file name here that is most like ``name``; empty if none is."""
        here = [path.rpartition("/")[2] for path in islice(self._names, MOST_COMPARED)]
        return next(iter(get_close_matches(_plain(name).rpartition("/")[2], here, 1)), "")

    @cached_property
    def _names(self) -> dict[str, None]:
        """Every file, in order."""
        check_place(self.root, name=self.root.name)
        return dict.fromkeys(sorted(_walk(os.path.realpath(self.root))))

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        """Files by every way to write them; made when a name is met that is not one of theirs."""
        by_key: dict[str, list[str]] = {}
        for path in self._names:
            for tail in _tails(path):
                keys = [_exact(tail), _folded(tail)]
                if path.casefold().endswith(SUFFIXES):
                    keys += [_stem(tail), _number(tail)]
                for key in filter(None, keys):
                    by_key.setdefault(key, []).append(path)
        return by_key


def locate(
    root: Path, names: Sequence[str], log: ProblemLog, *, first_row: int = 0
) -> list[Path | None]:
    """The files ``names`` below the folder ``root``; rows without one turn bad.

    Raises:
        FileNotFoundError: If ``root`` is not a folder.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"The images must be in a folder, got {root}.")
    finder, folder = ImageFinder(root), ImageFolder(root)
    changed: list[str] = []
    paths: list[Path | None] = []
    hidden = len(names) <= SHOW_PROGRESS_FROM
    bar = tqdm(names, desc="looking for images", unit=" images", disable=hidden)
    for row, name in enumerate(bar, first_row):
        found = finder.find(name) if name else []
        path = folder.file(found[0]) if len(found) == 1 else None
        paths.append(path)
        if path is None:
            _note(root, name, found, finder, log, row)
        elif found[0] != name:
            changed.append(f"{name} is {found[0]}")
    if changed:
        what = f"{len(changed)} names of images are not written like their files: {changed[0]}"
        log.guess(shown(what), flag="--data.images")
    return paths


def _note(
    root: Path, name: str, found: list[str], finder: ImageFinder, log: ProblemLog, row: int
) -> None:
    if not name:
        log.add("row without an image name", f"row {row + 1}", row=row)
    elif len(found) > 1:
        log.add("image name that fits several files", f"{name}: {', '.join(found[:3])}", row=row)
    elif found:
        log.add(LINK_OUT, name, row=row)
    elif os.path.isabs(name) or not _may_be_looked_for(name):
        log.add("image outside the images folder", name, row=row)
    elif path_inside(root, name) is None:
        log.add(LINK_OUT, name, row=row)
    else:
        nearest = finder.nearest(name) if log.count("missing file") < N_EXAMPLES else ""
        log.add("missing file", f"{name} (nearest: {nearest})" if nearest else name, row=row)


def _walk(root: str) -> Iterator[str]:
    """Paths of all files below ``root``, with ``/``.

    Folders that are links are looked into once, and only where links may lead.
    """
    allowed, seen, n_files = allowed_folder(root), {root}, 0
    for folder, folders, files in os.walk(root, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in [name for name in folders if os.path.islink(os.path.join(folder, name))]:
            real = os.path.realpath(os.path.join(folder, name))
            if real in seen or not os.path.join(real, "").startswith(allowed):
                folders.remove(name)
            seen.add(real)
        inside = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if inside == "." else f"{inside}/"
        n_files += len(files)
        if n_files > MOST_FILES:
            raise ValueError(f"{root} must hold at most {MOST_FILES:,} files.")
        yield from (prefix + name for name in files if is_text(name))


def _may_be_looked_for(name: str) -> bool:
    return ".." not in re.split(r"[\\/]", name) and "\0" not in name and is_text(name)


def _plain(name: str) -> str:
    """A name as a path with ``/`` and without drive, protocol, host or leading dots."""
    text = _URL.sub("/", name) if _URL.match(name) else name
    text = _DRIVE.sub("/", text) if _DRIVE.match(text) else text
    text = re.split(r"[?#]", text)[0] if _URL.match(name) else text
    return re.sub(r"/+", "/", text.replace("\\", "/")).removeprefix("./").strip("/")


def _tails(path: str) -> Iterator[str]:
    """``a/b/c.jpg``, ``b/c.jpg``, ``c.jpg``."""
    parts = path.split("/")
    return ("/".join(parts[start:]) for start in range(len(parts)))


def _exact(tail: str) -> str:
    return f"={tail}"


def _folded(tail: str) -> str:
    return f"~{_composed(tail)}"


def _composed(tail: str) -> str:
    """In lower case, accents as one character with their letter (Unicode's NFC)."""
    return unicodedata.normalize("NFC", tail.casefold())


def _stem(tail: str) -> str:
    folded = _composed(tail)
    stem, dot, suffix = folded.rpartition(".")
    return f".{stem if dot and '.' + suffix in SUFFIXES else folded}"


def _number(tail: str) -> str:
    """The number that a name is, as spreadsheets leave it: 7 or 7.0 of ``0007.jpg``; else empty."""
    stem = _stem(tail)[1:].removesuffix(".0")
    return f"#{int(stem)}" if stem.isascii() and stem.isdigit() and len(stem) < 100 else ""
