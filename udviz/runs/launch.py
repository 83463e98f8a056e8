"""Start a study as a process of its own, which outlives the browser and the app."""

import os
import subprocess
import sys
from pathlib import Path

from udviz.runs.status import Status, write_status

PROJECT = Path(__file__).parents[2]


def study_command(recipe: str, out: Path) -> list[str]:
    """The command that trains ``recipe`` into ``out``; the same works in a terminal."""
    return [sys.executable, "-m", "pipelines.study", "--recipe", recipe, "--out", str(out)]


def start_study(recipe: str, out: Path) -> None:
    """Start ``study_command`` detached, its output in ``out/log.txt``."""
    out.mkdir(parents=True, exist_ok=True)
    write_status(out, Status(state="running", stage="Starting", fraction=0.0))
    with (out / "log.txt").open("ab") as log:
        subprocess.Popen(
            study_command(recipe, out.absolute()),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(os.environ),
        )
