"""Many short runs, a third of them stopped and resumed, a third killed and resumed.

python -m tests.benchmarks.soak_runs --runs 30
Two processes launch and disturb them, as two browsers would. In the end every run must be finished
with every epoch in its diary, and no process, ticket or lock may be left. Prints what happened.
"""

import argparse
import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from udviz.recipe import Recipe, parse_recipe, recipe_path, recipe_values
from udviz.runs.directory import RunDirectory
from udviz.runs.events import read_events
from udviz.runs.identity import start_mark
from udviz.runs.launch import Plan, launch, resume, stop
from udviz.runs.lock import STUDY_LOCK, try_lock
from udviz.runs.queue import QUEUE, waiting
from udviz.runs.status import read_status

N_EPOCHS = 3
DISTURBED = {1: "stopped", 2: "killed"}  # by number modulo 3
RUNS = ("teacher", "baseline-0", "distilled-0")


def tiny() -> Recipe:
    network = {"backbone": "small", "batch_size": 8, "epochs": N_EPOCHS}
    data = {"n_train": 64, "n_val": 32, "n_test": 32, "side_px": 64}
    values = {"data": data, "teacher": network, "student": network, "hardware": {"threads": 1}}
    return parse_recipe(recipe_values(recipe_path("demo")) | values, source="soak")


def session(root: Path, numbers: list[int], seed: int) -> None:
    """Launch runs, disturb some at random moments, resume them, wait until all are finished."""
    chance = random.Random(seed)
    plan = Plan(source="demo", recipe=tiny())
    pending = {number: DISTURBED.get(number % 3) for number in numbers}
    for number in numbers:
        launch(plan, study_of(root, number))
        time.sleep(chance.uniform(0, 0.5))
    while not all(state_of(root, number) == "finished" for number in numbers):
        for number in numbers:
            study, status = study_of(root, number), read_status(study_of(root, number))
            state = status.state if status else "none"
            if pending[number] and state == "running" and chance.random() < 0.05:
                if pending[number] == "stopped":
                    stop(study)
                elif start_mark(status.pid) == status.process_mark:
                    os.kill(status.pid, signal.SIGKILL)
                pending[number] = None
            elif state in ("stopped", "lost"):
                resume(study)
            elif state == "failed":
                raise SystemExit(f"{study} failed: {status.message}")
        time.sleep(0.25)


def faults(root: Path, numbers: range) -> list[str]:
    """What is not as it should be."""
    found = []
    for number in numbers:
        study = study_of(root, number)
        found += [f"{study.name} is still locked"] if is_locked(study / STUDY_LOCK) else []
        for run in RUNS:
            events = read_events(RunDirectory(study / run).events)
            epochs = {event["epoch"] for event in events if event["event"] == "epoch"}
            if epochs != set(range(1, N_EPOCHS + 1)):
                found.append(f"{study.name}/{run} has epochs {sorted(epochs)}")
    found += [f"{ticket.study} still waits" for ticket in waiting(root)]
    if list((root / QUEUE).glob("*.json")):
        found.append("a ticket is left")
    for slot in (root / QUEUE).glob("slot-*"):
        found += [f"{slot.name} is still taken"] if is_locked(slot) else []
    return found + [f"process {pid} is left" for pid in processes_of(root)]


def is_locked(path: Path) -> bool:
    handle = try_lock(path)
    if handle is not None:
        os.close(handle)
    return handle is None


def processes_of(root: Path) -> list[int]:
    lines = {p.pid: p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])}
    own = os.getpid()
    return [pid for pid, line in lines.items() if pid != own and f"{root}/" in " ".join(line)]


def study_of(root: Path, number: int) -> Path:
    return root / f"soak-{number:02d}"


def state_of(root: Path, number: int) -> str:
    status = read_status(study_of(root, number))
    return status.state if status else "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--out", type=Path, default=None, help="Folder that is kept.")
    asked = parser.parse_args()
    root = asked.out or Path(tempfile.mkdtemp(prefix="soak-"))
    root.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    numbers = range(asked.runs)
    sessions = [
        multiprocessing.Process(target=session, args=(root, list(numbers[half::2]), half))
        for half in (0, 1)
    ]
    for process in sessions:
        process.start()
    for process in sessions:
        process.join()
    seconds = time.monotonic() - begun
    deadline = time.monotonic() + 30  # a process takes a moment to end after its last word
    while (wrong := faults(root, numbers)) and time.monotonic() < deadline:
        time.sleep(0.2)
    resumed = Counter(DISTURBED.get(number % 3, "undisturbed") for number in numbers)
    print(f"{asked.runs} runs in {seconds:.0f} s, {dict(resumed)}")
    wrong += [f"session ended with {p.exitcode}" for p in sessions if p.exitcode]
    print("\n".join(wrong) if wrong else "all finished; no epoch, process, ticket or lock is left")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
