"""What a study or a run is doing, as one small file that is replaced whole."""

import os
import socket
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from udviz.checks import is_number
from udviz.launching.cluster import JOB, JOB_FOLDER, job_state
from udviz.studies.files import own_json, replace_json_at_any_rate
from udviz.studies.identity import own_pid, start_mark

State = Literal["queued", "running", "stopping", "finished", "failed", "stopped", "lost"]
ALIVE = ("queued", "running", "stopping")
STATUS_FILE = "status.json"
STOP_FILE = "stop.json"
BEING_STARTED = "Being started"  # stage of a study that who starts it, an app perhaps, still signs
LOST = (
    "Its process ended without a word; the end of its log may say why. "
    "Start it again; it goes on from its checkpoint."
)
JOB_ENDED = (
    "Its job {job} ended without a word; the cluster says: {state}. The end of its log, or of "
    "`{folder}`, may say why. Start it again; it goes on from its checkpoint."
)
SILENCE = 600.0  # seconds after which a process on another machine counts as gone


@dataclass(frozen=True, kw_only=True)
class Status:
    """State of a study or a run.

    Attributes:
        state: ``lost`` = said to be alive, but its process is gone; ``stopping`` = that process
            was asked to stop.
        stage: What it is busy with, in words.
        fraction: Progress in [0, 1].
        message: For a person: the reason of a failure, or the latest result.
        rate: Speed in words, e.g. ``412 images/s``.
        seconds_left: Estimate; None when unknown.
        updated: Unix time of the last heartbeat, seconds.
        pid: Process that owns it.
        process_mark: Tells it from other processes with that pid.
        host: Machine it runs on.
        job: Cluster and id of its job, as ``slurm:123``; empty for a process of its own.
    """

    state: State
    stage: str
    fraction: float
    message: str = ""
    rate: str = ""
    seconds_left: float | None = None
    updated: float = 0.0
    pid: int = 0
    process_mark: str = ""
    host: str = ""
    job: str = ""

    @property
    def is_here(self) -> bool:
        """Whether its process runs, or ran, on this machine."""
        return self.host == socket.gethostname()

    @property
    def is_owner_alive(self) -> bool:
        """Whether the very process that wrote it, or its job, still runs or waits."""
        if self.job and not (self.state != "queued" and self.is_here and self._is_process_alive):
            state = job_state(self.job)
            return self._was_heard_of if state is None else state.is_alive
        if self.host and not self.is_here:
            return self._was_heard_of
        return self._is_process_alive

    @property
    def _is_process_alive(self) -> bool:
        """A pid may be reused, so its process's mark is compared."""
        return bool(self.process_mark) and start_mark(self.pid) == self.process_mark

    @property
    def _was_heard_of(self) -> bool:
        """A word from the future is as good as none: the clocks of machines do not differ so."""
        return abs(time.time() - self.updated) < SILENCE


def write_status(directory: Path, status: Status) -> None:
    """Replace the status of the study or run at ``directory``, signed by this process."""
    pid = own_pid()
    signed = replace(
        status,
        updated=time.time(),
        pid=pid,
        process_mark=start_mark(pid),
        host=socket.gethostname(),
        job=status.job or os.environ.get(JOB, ""),
    )
    replace_json_at_any_rate(directory / STATUS_FILE, asdict(signed))


def read_status(directory: Path) -> Status | None:
    """Status at ``directory``; None if there is none or it cannot be read.

    A status that says *running* while its process is gone comes back as *lost*. What an older
    version did not write yet has its default.
    """
    values = _read_json(directory / STATUS_FILE)
    known = {field.name: values[field.name] for field in fields(Status) if field.name in values}
    if values.get("state") not in get_args(State) or not _is_well_typed(known):
        return None
    status = Status(**known)
    if status.state not in ALIVE:
        return status
    if not status.is_owner_alive:
        return replace(status, state="lost", message=_last_word(directory, status))
    asked = _read_json(directory / STOP_FILE) == stop_request(status)
    return replace(status, state="stopping") if asked else status


def is_under_way(directory: Path) -> bool:
    """Whether the study at ``directory`` waits, runs or is about to end."""
    status = read_status(directory)
    return status is not None and status.state in ALIVE


def check_idle(directory: Path) -> None:
    """Raise if the study at ``directory`` waits, runs or is about to end.

    Raises:
        RuntimeError: Names the study.
    """
    if is_under_way(directory):
        raise RuntimeError(f"The study {directory.name} is under way. Stop it first.")


def stop_request(status: Status) -> dict[str, Any]:
    """What `STOP_FILE` holds once the process or job behind ``status`` was asked to stop."""
    if status.job:
        return {"job": status.job}
    return {"pid": status.pid, "process_mark": status.process_mark}


def is_stop_asked(directory: Path) -> bool:
    """Whether the job that this process belongs to was asked to stop by a person."""
    return _read_json(directory / STOP_FILE) == {"job": os.environ.get(JOB, "")}


def _last_word(directory: Path, status: Status) -> str:
    """Why a run is lost, as far as anybody knows."""
    state = job_state(status.job) if status.job else None
    if state is None:
        return LOST
    folder = directory / JOB_FOLDER
    return JOB_ENDED.format(job=status.job, state=state.word, folder=folder)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = own_json(path)
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _is_well_typed(values: dict[str, Any]) -> bool:
    words = ("stage", "message", "rate", "process_mark", "host", "job")
    numbers = ["fraction", "updated", "pid"]
    if values.get("seconds_left") is not None:
        numbers.append("seconds_left")
    return (
        {"stage", "fraction"} <= values.keys()
        and all(isinstance(values.get(name, ""), str) for name in words)
        and all(is_number(values.get(name, 0)) for name in numbers)
    )
