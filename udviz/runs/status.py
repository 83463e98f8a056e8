"""What a study or a run is doing, as one small file that is replaced whole."""

import json
import os
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal, get_args

import psutil

from udviz.runs.files import replace_json

State = Literal["running", "finished", "failed", "stopped", "lost"]
STATUS_FILE = "status.json"


@dataclass(frozen=True, kw_only=True)
class Status:
    """State of a study or a run.

    Attributes:
        state: ``lost`` = said to be running, but its process is gone.
        stage: What it is busy with, in words.
        fraction: Progress in [0, 1].
        message: For a person: the reason of a failure, or the latest result.
        rate: Speed in words, e.g. ``412 images/s``.
        seconds_left: Estimate; None when unknown.
        updated: Unix time of the last heartbeat, seconds.
        pid: Process that owns it.
        process_started: Start time of that process; with the pid, its identity.
    """

    state: State
    stage: str
    fraction: float
    message: str = ""
    rate: str = ""
    seconds_left: float | None = None
    updated: float = 0.0
    pid: int = 0
    process_started: float = 0.0


def write_status(directory: Path, status: Status) -> None:
    """Replace the status of the study or run at ``directory``, signed by this process."""
    signed = replace(
        status,
        updated=time.time(),
        pid=os.getpid(),
        process_started=psutil.Process().create_time(),
    )
    replace_json(directory / STATUS_FILE, asdict(signed))


def read_status(directory: Path) -> Status | None:
    """Status at ``directory``; None if there is none or it cannot be read.

    A status that says *running* while its process is gone comes back as *lost*.
    """
    try:
        values = json.loads((directory / STATUS_FILE).read_text(encoding="utf-8"))
        status = Status(**{field.name: values[field.name] for field in fields(Status)})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if status.state not in get_args(State):
        return None
    if status.state == "running" and not _is_alive(status):
        return replace(status, state="lost", message="Its process ended without a word.")
    return status


def _is_alive(status: Status) -> bool:
    """Whether the very process that wrote ``status`` still runs (a pid may be reused)."""
    try:
        process = psutil.Process(status.pid)
        same = abs(process.create_time() - status.process_started) < 1.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError):
        return False
