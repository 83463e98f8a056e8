"""End a study's process: it is asked to save, and killed with all its children if it does not.

udviz stop runs/demo
"""

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    SILENCE,
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
        RuntimeError: If it cannot be asked.
    """
    status = ask_to_stop(study)
    return read_status(study) if status is None else _see_end(study, status, patience)


def ask_to_stop(study: Path) -> Status | None:
    """Ask the process or the job of ``study`` to save and end; its status, None if it is not alive.

    Raises:
        RuntimeError: If it runs on another machine, its job is not known here or not answered for,
            or it is still being started.
        OSError: If a job's request cannot be written.
    """
    status = _handed_over(study)
    if status is None or status.state not in ALIVE:
        return None
    if status.job:
        _ask_job(study, status)
        return status
    if not status.is_here:
        raise RuntimeError(
            f"`{study}` runs on {status.host}. Stop it there. If it does not run any more, wait "
            f"{SILENCE / 60:.0f} minutes from its last word; then it counts as lost."
        )
    with contextlib.suppress(OSError):  # a full disk must not keep it alive
        replace_json(study / STOP_FILE, stop_request(status))
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(status.pid)
        if _is_alive(status):
            process.terminate()
    return status


def _see_end(study: Path, status: Status, patience: float) -> Status | None:
    """Wait until what was asked has ended; a process that has not in time is killed."""
    if status.job:
        has_ended = _waited(lambda: is_under_way(study), CLUSTER_PATIENCE, look_every=0.5)
        message = ENDED
    elif _waited(lambda: _is_alive(status), patience):
        has_ended, message = True, ENDED
    else:
        _kill_tree(status)
        has_ended, message = True, KILLED
    if has_ended:
        _close(study, message)
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


def _ask_job(study: Path, status: Status) -> None:
    replace_json(study / STOP_FILE, stop_request(status))
    try:
        cancel(status.job, study)
    except RuntimeError:
        (study / STOP_FILE).unlink()
        raise


def _close(study: Path, message: str) -> None:
    """Write the last word of a process that could not, unless somebody goes on with it already."""
    with contextlib.suppress(RuntimeError), exclusive(study, patience=FAREWELL):
        left = read_status(study)
        if left is not None and left.state == "lost":
            ended = Status(
                state="stopped", stage=left.stage, fraction=left.fraction, message=message
            )
            write_status(study, ended)


def _waited(is_alive: Callable[[], bool], patience: float, *, look_every: float = 0.05) -> bool:
    """Wait until it has ended; False if it has not in time."""
    ends = time.monotonic() + patience
    while is_alive():
        if time.monotonic() >= ends:
            return False
        time.sleep(look_every)
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
    parser.add_argument(
        "--asked", metavar="WHOM", help="It was asked already: see to its end in the background."
    )
    given = parser.parse_args(arguments)
    if given.asked:
        leave_parent(lambda: None)
        _see_end_of(given.study, json.loads(given.asked), given.patience)
        return
    ended = stop_study(given.study, patience=given.patience)
    print(
        f"{given.study}: {ended.state}, {ended.message}" if ended else f"{given.study}: no status"
    )


def _see_end_of(study: Path, whom: dict[str, Any], patience: float) -> None:
    """See to the end of what was asked, unless something else goes on with the study already."""
    status = read_status(study)
    if status is not None and stop_request(status) == whom:
        _see_end(study, status, patience)


if __name__ == "__main__":
    main(sys.argv[1:])
