"""The append-only diary of a run: one JSON object per line."""

import json
from pathlib import Path
from typing import Any


def append_event(path: Path, event: dict[str, Any]) -> None:
    """Append ``event`` as one line; a torn last line of a killed process is closed first."""
    line = json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n"
    with path.open("ab") as file:
        if file.tell() and not _ends_with_newline(path):
            line = "\n" + line
        file.write(line.encode())


def read_events(path: Path) -> list[dict[str, Any]]:
    """All whole lines of the diary in order; torn lines are left out, no file reads as empty."""
    if not path.is_file():
        return []
    events = []
    for line in path.read_bytes().splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
