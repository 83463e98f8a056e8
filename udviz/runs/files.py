"""Files that are replaced whole: a reader sees the old content or the new, never a part."""

import json
import os
from pathlib import Path
from typing import Any


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
    replace_file(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def sync_directory(directory: Path) -> None:
    """Make renames inside ``directory`` survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
