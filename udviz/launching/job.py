"""What a cluster's job does on each of its machines: it runs the study's command, and goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import submitit

from udviz.installation import ENVIRONMENT, working_folder
from udviz.launching.cluster import JOB, job_state
from udviz.launching.placement import Placement
from udviz.launching.queue import SLOT_HELD
from udviz.studies.files import no_link
from udviz.studies.lock import exclusive
from udviz.studies.log import LOG_FILE
from udviz.studies.status import State, Status, is_stop_asked, read_status, write_status

SAVING = 90.0  # seconds to write a checkpoint
PREEMPTION = 900.0  # seconds from the cluster's warning to its deed, at most
LAUNCHING = 120.0  # seconds for whoever submitted the job to write that down
WAITS_AGAIN = "Ended by the cluster; waits to go on"


class Job:
    """The work of a job. submitit packs it, calls it on every machine, and has it save.

    The cluster warns a job in one of two ways. SIGUSR2 comes before the time limit, and on
    preemption where the cluster is set so: the study saves and the job goes back to the queue.
    SIGTERM comes on preemption elsewhere, which is answered alike, and when the job is cancelled.

    Args:
        study: Folder of the study.
        arguments: Of Python, for one process.
        placement: How many processes, where.
    """

    def __init__(self, study: Path, arguments: list[str], placement: Placement) -> None:
        self._study = study
        self._arguments = arguments
        self._placement = placement
        self._process: subprocess.Popen[bytes] | None = None
        self._is_told = False

    def __getstate__(self) -> dict[str, Any]:
        """What is packed: the work, not how far it is."""
        return self.__dict__ | {"_process": None, "_is_told": False}

    def __call__(self) -> None:
        """Run the command to its end.

        Raises:
            SystemExit: If it fails.
        """
        environment = submitit.JobEnvironment()
        os.environ[JOB] = f"{environment.cluster}:{environment.job_id}"
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_warning)
        if environment.node == 0:
            with exclusive(self._study, patience=LAUNCHING):  # who submitted it has noted it by now
                self._note("running", "Starting")
        self._process = self._start(environment)
        if self._is_told:
            self._process.terminate()
        while self._process.poll() is None:
            time.sleep(0.1)
        if self._process.returncode == 0:
            return
        if environment.node > 0:
            time.sleep(SAVING)  # the first machine may still be saving
        elif self._is_told and not is_stop_asked(self._study):
            _ask_to_go_on()
        raise SystemExit(self._process.returncode)

    def checkpoint(self) -> submitit.helpers.DelayedSubmission | None:
        """Save and end; what to go on with, or None if that is not wanted."""
        self._end()
        if self._has_finished() or is_stop_asked(self._study):
            return None
        self._note("queued", WAITS_AGAIN)
        return submitit.helpers.DelayedSubmission(self)

    def _start(self, environment: submitit.JobEnvironment) -> subprocess.Popen[bytes]:
        """Start the command on this machine; SIGUSR2 is for this process alone."""
        command = self._placement.command(self._arguments, self._study)
        log = LOG_FILE if environment.node == 0 else f"{environment.node}.{LOG_FILE}"
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})  # what it starts inherits this
        try:
            with open(self._study / log, "ab", opener=no_link) as output:
                return subprocess.Popen(
                    [sys.executable, *command],
                    cwd=working_folder(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **ENVIRONMENT, SLOT_HELD: "cluster"},
                    start_new_session=True,
                )
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})

    def _on_warning(self, number: int, frame: FrameType | None) -> None:
        if not self._is_told and self._process is not None:
            self._process.terminate()
        self._is_told = True

    def _end(self) -> None:
        """Have the command save; kill it if it does not."""
        process = self._process
        if process is None:
            return
        self._on_warning(signal.SIGTERM, None)
        ends = time.monotonic() + SAVING
        while process.poll() is None:
            if time.monotonic() > ends:
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.1)

    def _has_finished(self) -> bool:
        return self._process is not None and self._process.returncode == 0

    def _note(self, state: State, stage: str) -> None:
        reached = read_status(self._study)
        fraction = reached.fraction if reached else 0.0
        write_status(self._study, Status(state=state, stage=stage, fraction=fraction))


def _ask_to_go_on() -> None:
    """Go back to the queue after SIGTERM, unless it meant that the job is cancelled."""
    state = job_state(os.environ[JOB])
    if state is not None and state.word.startswith("CANCELLED"):
        return
    if state is not None:
        os.kill(os.getpid(), signal.SIGUSR2)  # submitit calls `checkpoint`, and requeues
    time.sleep(PREEMPTION)  # where the cluster cannot be asked, it may requeue the job by itself
