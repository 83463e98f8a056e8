"""The output of a study's process."""

import re
from pathlib import Path

from udviz.studies.files import own_bytes

LOG_FILE = "log.txt"
_READ_BYTES = 64_000  # from the end; a progress bar writes itself thousands of times
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def tail(path: Path, *, n_lines: int = 30) -> str:
    """The last lines of a log as a terminal would show them; empty if there is none."""
    try:
        text = own_bytes(path, last=_READ_BYTES).decode(errors="replace")
    except OSError:
        return ""
    shown = filter(None, map(_last_state, text.split("\n")))
    return "\n".join(list(shown)[-n_lines:])


def _last_state(line: str) -> str:
    """A line that was overwritten by carriage returns, as it stands in the end."""
    states = [_CONTROL.sub("", part).rstrip() for part in line.split("\r")]
    return next((state for state in reversed(states) if state), "")
