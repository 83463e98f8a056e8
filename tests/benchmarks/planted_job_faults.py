"""Would the tests notice? Faults in how jobs and runs of many processes are started and ended.

Run with ``python -m tests.benchmarks.planted_job_faults`` (three minutes). Works on a copy; prints
one line per fault, and ends with an error if one goes unnoticed.
"""

import tempfile
from pathlib import Path

from tests.benchmarks.planted_faults import copy_project, plant_all
from tests.benchmarks.planted_run_faults import RunFault, shorten_waits

CLUSTER, QUEUE = "tests/launching/test_cluster.py", "tests/launching/test_queue.py"
FORM, LAUNCHED = "tests/pages/test_launch_form.py", "tests/training/test_launched.py"
TOGETHER, SOCKETS = "tests/launching/test_together.py", "tests/security/test_sockets.py"
TEAM, LEADER = "udviz/launching/together/team.py", "udviz/launching/together/leader.py"
NETWORK, SEAT = "udviz/launching/together/network.py", "udviz/launching/together/seat.py"
JOB, HANDLE = "udviz/launching/job.py", "udviz/launching/cluster.py"
BEFORE = "    arguments, device = plan.arguments(study), plan.recipe.hardware.device\n"
SAYS = "    write_status(study, replace(WAITING, stage=BEING_STARTED))\n"


def fault(name: str, file: str, right: str, wrong: str, tests: str = CLUSTER) -> RunFault:
    """A fault; most are for the tests of jobs."""
    return RunFault(name, file, right, wrong, tests)


FAULTS = (
    fault(
        "the command sees SIGUSR2",
        JOB,
        "signal.SIG_BLOCK, {signal.SIGUSR2}",
        "signal.SIG_BLOCK, {}",
    ),
    fault(
        "the job never hears SIGUSR2 again",
        JOB,
        "signal.SIG_UNBLOCK, {signal.SIGUSR2}",
        "signal.SIG_UNBLOCK, {}",
    ),
    fault(
        "a stopped job goes on",
        JOB,
        "if self._has_finished() or is_stop_asked(self._study):",
        "if self._has_finished():",
    ),
    fault("a warned job does not save", JOB, "        self._end()\n        if", "        if"),
    fault(
        "a warned job is not seen to wait", JOB, '        self._note("queued", WAITS_AGAIN)\n', ""
    ),
    fault(
        "a job does not wait for its launch",
        JOB,
        "with exclusive(self._study, patience=LAUNCHING):",
        "if True:",
    ),
    fault("a deaf command is left alone", JOB, "os.killpg(process.pid, signal.SIGKILL)", "return"),
    fault(
        "a failed command is a success", JOB, "raise SystemExit(self._process.returncode)", "return"
    ),
    fault(
        "SIGTERM is not passed on",
        JOB,
        "for number in (signal.SIGTERM, signal.SIGINT):",
        "for number in ():",
    ),
    fault("how far a job is travels with it", JOB, '| {"_process": None, "_is_told": False}', ""),
    fault("any word means alive", HANDLE, "return not self.word.startswith(_ENDED)", "return True"),
    fault("no word means dead", HANDLE, "return None if word.upper() in _UNDECIDED else", "return"),
    fault(
        "another study's job is cancelled",
        HANDLE,
        'if job.startswith("slurm:") and not _is_of(job, study):',
        "if False:",
    ),
    fault(
        "a cluster that hangs is waited for",
        HANDLE,
        "self._last.join(ANSWERS_IN)",
        "self._last.join()",
    ),
    fault(
        "a cluster that hangs is asked again",
        HANDLE,
        "if is_due and not (self._last and self._last.is_alive()):",
        "if is_due:",
    ),
    fault(
        "a new job is not asked for",
        HANDLE,
        "is_due = job.job_id not in self._about or ",
        "is_due = ",
    ),
    fault("whose a job is may take forever", HANDLE, ", timeout=CANCELS_IN", ""),
    fault("a made-up job is asked for", HANDLE, r're.fullmatch(r"slurm:\d{1,18}", job)', "True"),
    fault(
        "the password travels",
        "udviz/launching/launcher.py",
        '"export": ",".join(sorted(inherited(wanted))),',
        "",
    ),
    fault(
        "the step gets one CPU",
        "udviz/launching/launcher.py",
        '["--cpus-per-task", str(cpus)] if cpus else None',
        "None",
    ),
    fault(
        "a study for the CPU asks for GPUs",
        "udviz/launching/launcher.py",
        'None if device == "cpu" else placement.processes',
        "placement.processes",
    ),
    fault(
        "a job that waits is judged by its submitter",
        "udviz/studies/status.py",
        'self.state != "queued" and self.is_here and self._is_process_alive',
        "self.is_here and self._is_process_alive",
    ),
    fault(
        "a refused stop stays asked for",
        "udviz/launching/stop.py",
        "        (study / STOP_FILE).unlink()\n        raise",
        "        raise",
    ),
    fault(
        "a run of two takes one GPU",
        "udviz/launching/queue.py",
        "if len(held) < mine.n_slots:",
        "if not held:",
        QUEUE,
    ),
    fault(
        "what is not used is kept",
        "udviz/launching/queue.py",
        "            release(held)\n            return []",
        "            return []",
        QUEUE,
    ),
    fault(
        "the lock ends with the queue",
        TEAM,
        "pass_fds=() if lock is None or number > 0 else (lock,)",
        "pass_fds=()",
        TOGETHER,
    ),
    fault(
        "a worker signs for all",
        "udviz/studies/identity.py",
        "int(os.environ.get(LEADER, os.getpid()))",
        "os.getpid()",
        QUEUE,
    ),
    fault(
        "a killed leader leaves workers",
        TEAM,
        "prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)",
        "prctl(0, 0)",
        TOGETHER,
    ),
    fault("Ctrl-C is heard twice", TEAM, "process_group=0,", "process_group=None,", TOGETHER),
    fault("nobody learns who left", LEADER, "seat.leave()  # also", "pass  # also", TOGETHER),
    fault("who comes back is not met", LEADER, "not in ((), met)", "in ((),)", TOGETHER),
    fault(
        "it listens everywhere",
        LEADER,
        "            **listening_only_on(self._interface),\n",
        "",
        SOCKETS,
    ),
    fault(
        "processes meet on a port",
        "udviz/training/distributed.py",
        "if MEETING in os.environ:",
        "if False:",
        SOCKETS,
    ),
    fault(
        "any network will do",
        NETWORK,
        "if not public and not any(",
        "if False and not any(",
        SOCKETS,
    ),
    fault(
        "others may open the meeting", SEAT, "or stat.S_IMODE(found.st_mode) & 0o077", "", SOCKETS
    ),
    fault(
        "a machine has GPUs without end",
        "udviz/launching/resources/devices.py",
        "if processes > len(slots):",
        "if False:",
        FORM,
    ),
    fault(
        "a copy runs elsewhere",
        "udviz/ui/launch/form.py",
        "return plan_of(file.parent).placement if file.name == STUDY_FILE else HERE",
        "return HERE",
        FORM,
    ),
    fault(
        "a study resumes elsewhere",
        "udviz/launching/launch.py",
        'parse_placement(asked["placement"]) if asked else HERE',
        "HERE",
        f"{LAUNCHED}::test_two_processes_are_launched_stopped_and_resumed_like_one",
    ),
    fault(
        "a late SIGTERM is lost",
        "udviz/training/progress.py",
        "if kind is None and callable(before):",
        "if False:",
        f"{LAUNCHED}::test_a_request_to_stop_that_comes_after_the_last_step_is_not_lost",
    ),
    fault(
        "a word may hold a line break",
        "udviz/launching/placement.py",
        r'pattern=r"^[\w.,:+&|*()\[\]@/-]*$"',
        'pattern=r"^[^;]*$"',
        "tests/launching/test_placement.py",
    ),
    fault(
        "a launch that cannot begin says it waits",
        "udviz/launching/launch.py",
        BEFORE + SAYS,
        SAYS + BEFORE,
        "tests/security/test_form.py",
    ),
)


def main() -> None:
    """Plant all of them."""
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        shorten_waits(Path(folder))
        plant_all(FAULTS, Path(folder))


if __name__ == "__main__":
    main()
