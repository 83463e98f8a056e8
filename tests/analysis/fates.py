"""Jobs that tests give to other processes, in a module that is quick to import."""

import os
import signal
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pandas as pd

PATIENCE = 60  # seconds until a test is given up; none waits that long


def wait_for(path: Path) -> str:
    """Its text, once it is there."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not come"
        time.sleep(0.02)
    return path.read_text()


def say(path: Path, text: str) -> None:
    path.with_suffix(".part").write_text(text)
    path.with_suffix(".part").rename(path)


def table(name):
    return {name: pd.DataFrame({"value": [1]})}


def dies_at_first(folder):
    """Ends its process from outside, once in this folder."""
    if not (folder / "died").exists():
        say(folder / "died", str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return table("returned")


def dies():
    os.kill(os.getpid(), signal.SIGKILL)


def after_the_start(folder):
    wait_for(folder / "pid")
    return table("short")


def endless(folder):
    say(folder / "pid", str(os.getpid()))
    signal.pause()


def ends_in_the_second(folder):
    """Waits in its first process, which is killed meanwhile; returns in the second."""
    if not (folder / "pid").exists():
        say(folder / "pid", str(os.getpid()))
        signal.pause()
    return table("again")


def pages_for_what_was_freed():
    """Pages that came anew for ten times the same eight arrays of 488 pages."""
    before = getrusage(RUSAGE_SELF).ru_minflt
    for _ in range(10):
        [np.ones(2_000_000, dtype=np.uint8) for _ in range(8)]
    return {"pages": pd.DataFrame({"pages": [getrusage(RUSAGE_SELF).ru_minflt - before]})}
