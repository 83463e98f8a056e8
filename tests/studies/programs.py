"""Studies whose command is a line of Python, so that a test can start dozens of them."""

import time
from collections.abc import Callable
from pathlib import Path

from udviz.launching.launcher import WAITING, Launcher, LocalLauncher
from udviz.launching.placement import HERE, Placement
from udviz.studies.lock import exclusive
from udviz.studies.status import ALIVE, read_status, write_status

PATIENCE = 240.0  # seconds; a test that passes waits for nothing
BEGIN = (
    "import os, signal, sys, time; from pathlib import Path; from udviz.studies.status import *\n"
    "def say(state, message=''):\n"
    "    write_status(Path('{study}'), Status("
    "state=state, stage='x', fraction=0.5, message=message))\n"
    "say('running')\n"
)
FINISH = "say('finished')\n"
SLEEP = "time.sleep(600)\n"


def start(
    study: Path,
    code: str = FINISH,
    *,
    device: str = "cpu",
    placement: Placement = HERE,
    launcher: Launcher | None = None,
) -> Path:
    """Start ``code``, or the program in that file, as the command of a study.

    Code can ``say`` a state.
    """
    study.mkdir(exist_ok=True, parents=True)
    with exclusive(study) as lock:
        write_status(study, WAITING)
        program = [code] if code.endswith(".py") else ["-c", BEGIN.format(study=study) + code]
        launcher = launcher or LocalLauncher()
        launcher.start(study, program, placement=placement, device=device, lock=lock)
    return study


def wait_until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, f"nothing happened in {PATIENCE} s"
        time.sleep(0.02)


def state(study: Path) -> str:
    status = read_status(study)
    return "none" if status is None else status.state


def wait_for(study: Path, *states: str) -> None:
    wait_until(lambda: state(study) in states)


def wait_for_end(study: Path) -> str:
    """Wait until the study's process is gone; its last state."""
    wait_until(lambda: state(study) not in ALIVE)
    return state(study)
