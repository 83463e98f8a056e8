"""End a study's process: it is asked to save, and killed with all its children if it does not.

udviz stop runs/demo
"""

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path

import psutil

from udviz.installation import called
from udviz.launching.cluster import cancel
from udviz.launching.detach import leave_parent
from udviz.studies.files import replace_json
from udviz.studies.identity import start_mark
from udviz.studies.lock import FAREWELL, exclusive
from udviz.studies.status import (
    ALIVE,
    BEING_STARTED,
    STOP_FILE,
    Status,
    is_under_way,
    read_status,
    stop_request,
    write_status,
)

PATIENCE = 30.0  # seconds to write a checkpoint
START_PATIENCE = 30.0  # seconds that a start may take
CLUSTER_PATIENCE = 90.0  # seconds that a cluster may take to tell and to end a job
KILLED = "It did not end in time and was killed. Start it again; it goes on from its checkpoint."
ENDED = "Stopped. Start it again; it continues."


def stop_study(study: Path, *, patience: float = PATIENCE) -> Status | None:
    """Stop the process or the job of ``study`` if it is alive; its status in the end.

    Raises:
        RuntimeError: If it runs on another machine, its job is not known here, or it is still being
            started.
    """
    status = _handed_over(study)
    if status is None or status.state not in ALIVE:
        return status
    if status.job:
        return _stop_job(study, status)
    if not status.is_here:
        raise RuntimeError(f"`{study}` runs on {status.host}. Stop it there.")
    with contextlib.suppress(OSError):  # a full disk must not keep it alive
        replace_json(study / STOP_FILE, stop_request(status))
    gently = _ask(status, patience)
    if not gently:
        _kill_tree(status)
    _close(study, ENDED if gently else KILLED)
    (study / STOP_FILE).unlink(missing_ok=True)
    return read_status(study)


def _handed_over(study: Path) -> Status | None:
    """Status once a study is in its own hands: who starts it, the app perhaps, gets no signal."""
    ends = time.monotonic() + START_PATIENCE
    while (status := read_status(study)) is not None and _is_being_started(status):
        if time.monotonic() >= ends:
            raise RuntimeError(f"`{study}` is just being started. Stop it in a moment.")
        time.sleep(0.05)
    return status


def _is_being_started(status: Status) -> bool:
    return status.state in ALIVE and status.stage == BEING_STARTED


def _stop_job(study: Path, status: Status) -> Status | None:
    """Have the cluster end the job, and wait until it has."""
    replace_json(study / STOP_FILE, stop_request(status))
    try:
        cancel(status.job, study)
    except RuntimeError:
        (study / STOP_FILE).unlink()
        raise
    ends = time.monotonic() + CLUSTER_PATIENCE
    while is_under_way(study) and time.monotonic() < ends:
        time.sleep(0.5)
    if not is_under_way(study):
        _close(study, ENDED)
        (study / STOP_FILE).unlink(missing_ok=True)
    return read_status(study)


def _close(study: Path, message: str) -> None:
    """Write the last word of a process that could not, unless somebody goes on with it already."""
    with contextlib.suppress(RuntimeError), exclusive(study, patience=FAREWELL):
        left = read_status(study)
        if left is not None and left.state == "lost":
            ended = Status(
                state="stopped", stage=left.stage, fraction=left.fraction, message=message
            )
            write_status(study, ended)


def _ask(status: Status, patience: float) -> bool:
    """Send SIGTERM, once, and wait for the end; False if it has not come in time."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(status.pid)
        if _is_alive(status):
            process.terminate()
    ends = time.monotonic() + patience
    while _is_alive(status):
        if time.monotonic() >= ends:
            return False
        time.sleep(0.05)
    return True


def _kill_tree(status: Status) -> None:
    """Kill the process, what it started, and its session if it has one of its own."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(status.pid)
        family = {root, *root.children(recursive=True), *_session(root)}
        if _is_alive(status):
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(family, timeout=5)


def _session(leader: psutil.Process) -> list[psutil.Process]:
    """Processes of the session that ``leader`` leads, those whose parent has died included."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(process.pid) == leader.pid:
                found.append(process)
    return found


def _is_alive(status: Status) -> bool:
    return start_mark(status.pid) == status.process_mark


def main(arguments: list[str]) -> None:
    """Stop the study that the command line names."""
    parser = argparse.ArgumentParser(
        prog=called("stop"),
        description="Have a study that runs save and end; kill it if it does not.",
    )
    parser.add_argument("study", type=Path, help="Folder of the study.")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="Seconds until the kill.")
    parser.add_argument("--detach", action="store_true", help="Do it in the background.")
    asked = parser.parse_args(arguments)
    if asked.detach:
        leave_parent(lambda: None)
    ended = stop_study(asked.study, patience=asked.patience)
    print(
        f"{asked.study}: {ended.state}, {ended.message}" if ended else f"{asked.study}: no status"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
