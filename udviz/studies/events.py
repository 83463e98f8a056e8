"""The append-only event log of a run: one JSON object per line."""

import json
from pathlib import Path
from typing import Any

from udviz.studies.files import no_link, own_bytes

MOST_EVENTS = 2**24  # bytes from the end of a log that are read; no run of ours writes as many


def append_event(path: Path, event: dict[str, Any]) -> None:
    """Append ``event`` as one line; a torn last line of a killed process is closed first."""
    line = json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n"
    with open(path, "ab", opener=no_link) as file:
        if file.tell() and not _ends_with_newline(path):
            line = "\n" + line
        file.write(line.encode())


def read_events(path: Path) -> list[dict[str, Any]]:
    """All whole lines of the log in order; torn ones are left out, no plain file is empty.

    Of a log of more than `MOST_EVENTS` bytes, those at its end.
    """
    try:
        lines = own_bytes(path, last=MOST_EVENTS).splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
