"""Files that are replaced whole: a reader sees the old content or the new, never a part."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from udviz.bounded import read_bytes
from udviz.studies.failure import FULL


def replace_file(path: Path, content: str | bytes) -> None:
    """Write ``content`` beside ``path``, then rename it into place."""
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def replace_json(path: Path, value: dict[str, Any]) -> None:
    """Write ``value`` as indented JSON, replaced whole."""
    replace_file(path, _as_text(value))


def replace_json_at_any_rate(path: Path, value: dict[str, Any]) -> None:
    """Replace ``path`` as `replace_json` does; on a full disk, write over it where it lies.

    A small file that is there has its place on the disk already, so that a last word of a few
    hundred bytes needs no more. A reader may then see a part of it for a moment.

    Raises:
        OSError: If it cannot be written that way either.
    """
    try:
        replace_json(path, value)
    except OSError as error:
        if error.errno not in FULL or not path.exists():
            raise
        with open(path, "r+b", opener=no_link) as file:
            file.write(_as_text(value).encode())
            file.truncate()


def _as_text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def no_link(path: str, flags: int) -> int:
    """An opener for `open` that does not write to where a link at ``path`` leads."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o644)


def own_json(path: Path) -> Any:
    """What a JSON file holds, read as `own_bytes` does.

    Raises:
        OSError: If it is missing, a link, too large, or no plain file.
        ValueError: If it is not JSON, or nested deeper than can be read.
    """
    try:
        return json.loads(own_bytes(path))
    except RecursionError as error:
        raise ValueError(f"`{path}` is nested too deep.") from error


def own_bytes(path: Path, *, last: int | None = None) -> bytes:
    """What is in a file, or in its ``last`` bytes: never what a link at its place leads to.

    Raises:
        OSError: If it is missing, a link, or refused by `udviz.bounded.read_bytes`.
    """
    return read_bytes(path, last=last, flags=os.O_NOFOLLOW)


def sync_directory(directory: Path) -> None:
    """Make renames inside ``directory`` survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
