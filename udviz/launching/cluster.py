"""Jobs of a cluster, through submitit. It is an optional extra, so it is imported where it is used.

Nothing here reads a pickle. submitit packs a job as one, which that job alone opens.
"""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from udviz.installation import install_command

JOB = "UDVIZ_JOB"  # environment variable: the job that a process belongs to, as slurm:123
JOB_FOLDER = ".job"  # in a study's folder: what submitit writes
ASK_EVERY = 10.0  # seconds between questions to the cluster, over all jobs
ANSWERS_IN = 5.0  # seconds that a page, or Stop, waits for its answer
TIMEOUTS = 10_000  # times that a job may reach its time limit and go on
CANCELS_IN = 30.0  # seconds that the cluster may take to say whose a job is
NOTICE = 120  # seconds before the time limit at which a job is told to save
_ENDED = (
    *("CANCELLED", "COMPLETED", "FAILED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL"),
    *("DEADLINE", "REVOKED", "DONE", "FINISHED", "INTERRUPTED"),
)
_UNDECIDED = ("", "UNKNOWN", "PREEMPTED")  # preempted: it ends, or is about to wait again

_submitted: dict[str, Any] = {}  # jobs of this process; submitit's local ones cannot be found again


@dataclass(frozen=True, kw_only=True)
class JobState:
    """What the cluster says of a job.

    Attributes:
        word: Its word for it, as ``CANCELLED by 1000``.
    """

    word: str

    @property
    def is_alive(self) -> bool:
        """Whether it waits or runs."""
        return not self.word.startswith(_ENDED)


class _Questions:
    """Asks the cluster about all jobs at once, which submitit does without a time limit."""

    def __init__(self) -> None:
        self._asked = 0.0
        self._about: set[str] = set()
        self._last: threading.Thread | None = None

    def ask(self, job: Any) -> None:
        """Ask if it is time, or if nobody asked about ``job`` yet, and wait a little."""
        job.get_info(mode="cache")  # from now on every question is about it as well
        is_due = job.job_id not in self._about or time.monotonic() - self._asked >= ASK_EVERY
        if is_due and not (self._last and self._last.is_alive()):
            self._asked = time.monotonic()
            self._about.add(job.job_id)
            self._last = threading.Thread(target=job.get_info, args=["force"], daemon=True)
            self._last.start()
            self._last.join(ANSWERS_IN)


_questions = _Questions()


def refusal(cluster: str) -> str | None:
    """Why no job can be submitted from here; None if one can."""
    if importlib.util.find_spec("submitit") is None:
        return f"Jobs are submitted through submitit: {install_command('slurm')}."
    if cluster == "slurm" and shutil.which("sbatch") is None:
        return (
            "This machine has no `sbatch`. Start the app where jobs of the cluster are submitted."
        )
    return None


def submit(
    work: Callable[[], None], study: Path, parameters: dict[str, Any], *, cluster: str
) -> str:
    """Put ``work`` into the cluster's queue.

    Args:
        work: Called on each machine; its ``checkpoint`` is called before it goes back to the queue.
        study: Folder of the study.
        parameters: Of submitit's ``AutoExecutor``.
        cluster: ``slurm``; submitit's ``local`` and ``debug`` for tests.

    Returns:
        The job, as ``slurm:123``.

    Raises:
        RuntimeError: If the cluster refuses; with its words.
    """
    import submitit

    executor = submitit.AutoExecutor(
        folder=study / JOB_FOLDER, cluster=cluster, slurm_max_num_timeout=TIMEOUTS
    )
    executor.update_parameters(
        name=job_name(study),
        stderr_to_stdout=True,
        slurm_signal_delay_s=NOTICE,
        **parameters,
    )
    try:
        job = executor.submit(work)
    except submitit.core.utils.FailedJobError as error:
        raise RuntimeError(f"The cluster did not take the job: {error}") from error
    name = f"{cluster}:{job.job_id}"
    _submitted[name] = job
    return name


def job_name(study: Path) -> str:
    """Name of a study's job, which no other study's job has."""
    place = hashlib.sha256(str(study.absolute()).encode()).hexdigest()[:10]
    return f"udviz-{study.name}-{place}"


def job_state(job: str) -> JobState | None:
    """What the cluster says of ``job``; None if it cannot be asked or does not know it (yet).

    Where it does not answer in time, what it said last holds.
    """
    handle = _handle(job)
    if handle is None:
        return None
    if not job.startswith("slurm:"):
        word = str(handle.state)
    else:
        _questions.ask(handle)
        word = handle.watcher.get_state(handle.job_id, mode="cache")
    return None if word.upper() in _UNDECIDED else JobState(word=word)


def log_of(job: str, study: Path) -> Path | None:
    """What the cluster itself wrote of ``job``; None for a name that is no job's."""
    number = job.partition(":")[2]
    if not re.fullmatch(r"\w{1,40}", number):
        return None
    return study / JOB_FOLDER / f"{number}_0_log.out"


def cancel(job: str, study: Path) -> None:
    """Have the cluster end ``job``: it is told to save, and killed if it does not.

    Raises:
        RuntimeError: If that job belongs to something else, as after a study's folder was copied.
    """
    handle = _handle(job)
    if handle is None:
        raise RuntimeError(f"The job {job} of `{study}` cannot be reached from here.")
    if job.startswith("slurm:") and not _is_of(job, study):
        raise RuntimeError(
            f"The cluster has no job {job.partition(':')[2]} that belongs to `{study}`."
        )
    handle.cancel(check=False)


def _is_of(job: str, study: Path) -> bool:
    """Whether Slurm's job of that number was submitted for ``study``."""
    number = job.partition(":")[2]
    asked = ["squeue", "--noheader", "--format=%j", f"--jobs={number}"]
    try:
        told = subprocess.run(
            asked, capture_output=True, text=True, check=False, timeout=CANCELS_IN
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(
            f"The cluster did not answer in {CANCELS_IN:.0f} s. Try again."
        ) from error
    return told.stdout.strip() == job_name(study)


def _handle(job: str) -> Any:
    """Submitit's object for a job; None if it cannot be had here."""
    return _submitted[job] if job in _submitted else _slurm_job(job)


@cache
def _slurm_job(job: str) -> Any:
    if not re.fullmatch(r"slurm:\d{1,18}", job) or shutil.which("sacct") is None:
        return None
    try:
        import submitit
    except ImportError:
        return None
    return submitit.SlurmJob(folder=JOB_FOLDER, job_id=job.partition(":")[2])
