"""Does the way to Slurm work on this cluster? Jobs of seconds are run, stopped, warned, cancelled.

python -m tests.benchmarks.accept_slurm --root FOLDER [--partition NAME]
[--machines 2 --network 10.1.0.0/16]

FOLDER must be seen by all machines of the cluster. The recipe is a small demo on the CPU.
"""

import argparse
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from udviz.launching.launch import Plan, launch, resume
from udviz.launching.placement import Placement
from udviz.launching.stop import stop_study
from udviz.recipe.files import parse_recipe, recipe_path, recipe_values
from udviz.studies.events import read_events
from udviz.studies.status import ALIVE, Status, read_status

PATIENCE = 900.0  # seconds; a busy cluster lets jobs wait
SMALL = {
    "data": {"n_train": 512, "n_val": 64, "n_test": 64, "side_px": 64},
    "teacher": {"backbone": "small", "epochs": 8},
    "student": {"backbone": "small", "epochs": 1},
    "hardware": {"device": "cpu", "threads": 1},
}


def main() -> None:
    """Go through the life of a job; every line is a fact that was waited for."""
    asked = _options()
    study = asked.root.absolute() / f"accept-{time.time_ns()}"
    values = recipe_values(recipe_path("demo")) | SMALL
    placement = Placement(
        on="slurm",
        machines=asked.machines,
        network=asked.network,
        partition=asked.partition,
        hours=1.0,
    )
    launch(
        Plan(source="demo", recipe=parse_recipe(values, source="here"), placement=placement), study
    )
    _say(study, "submitted")
    _wait(study, lambda: _epochs(study) >= 1)
    _say(study, "trains")

    stopped = stop_study(study)
    assert stopped is not None
    assert stopped.state == "stopped", stopped
    _say(study, "stopped by us")

    resume(study)
    _wait(study, lambda: _epochs(study) >= 3)
    _say(study, "resumed, trains on")

    before = _number(study)
    subprocess.run(["scancel", "--signal=USR2", before], check=True)
    _wait(study, lambda: _status(study).state == "queued")
    _say(study, "warned by the cluster, saved, queued again")
    _wait(study, lambda: _status(study).state == "running")
    assert _number(study) == before, "it goes on as the same job"
    _wait(study, lambda: _epochs(study) >= 5)
    _say(study, "started again by the cluster, trains on")

    subprocess.run(["scancel", _number(study)], check=True)
    _wait(study, lambda: _status(study).state not in ALIVE)
    assert _status(study).state == "stopped", _status(study)
    _say(study, "cancelled by somebody else, saved")

    resume(study)
    _wait(study, lambda: _status(study).state not in ALIVE)
    assert _status(study).state == "finished", _status(study)
    epochs = sorted({event["epoch"] for event in _events(study)})
    assert epochs == list(range(1, 9)), epochs
    _say(study, "finished, every epoch noted")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--partition", default="")
    parser.add_argument("--machines", type=int, default=1)
    parser.add_argument("--network", default="", help="Of several machines, as 10.1.0.0/16.")
    return parser.parse_args()


def _status(study: Path) -> Status:
    status = read_status(study)
    assert status is not None, f"{study} has no status"
    return status


def _number(study: Path) -> str:
    return _status(study).job.partition(":")[2]


def _events(study: Path) -> list[dict[str, object]]:
    events = read_events(study / "teacher" / "events.jsonl")
    return [event for event in events if event["event"] == "epoch"]


def _epochs(study: Path) -> int:
    return len({event["epoch"] for event in _events(study)})


def _wait(study: Path, condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, f"nothing happened in {PATIENCE:.0f} s: {_status(study)}"
        time.sleep(0.2)


def _say(study: Path, what: str) -> None:
    status = _status(study)
    print(f"{status.job}: {what} ({status.state}, {_epochs(study)} epochs)", flush=True)


if __name__ == "__main__":
    main()
