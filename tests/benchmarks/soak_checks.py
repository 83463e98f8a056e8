"""What may not be left, or missing, after many runs were disturbed and resumed."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from udviz.launching.queue import QUEUE, waiting
from udviz.studies.directory import RunDirectory
from udviz.studies.events import read_events
from udviz.studies.files import file_digest
from udviz.studies.lock import STUDY_LOCK, try_lock
from udviz.studies.status import STOP_FILE
from udviz.training.checkpoint import WEIGHTS

RUNS = ("teacher", "baseline-0", "distilled-0")
FAREWELL = 30.0  # seconds that processes may take to end after their last word


def faults(root: Path, studies: Sequence[Path], *, n_epochs: int) -> list[str]:
    """What is not as it should be, in words."""
    ends = time.monotonic() + FAREWELL
    while (left := _left(root, studies)) and time.monotonic() < ends:
        time.sleep(0.2)
    lost = [fault for study in studies for fault in _lost(study, n_epochs)]
    return left + lost + _odd_models(studies)


def event_log_faults(events: Sequence[dict[str, Any]], *, n_epochs: int) -> list[str]:
    """What an event log lacks, or tells in another order than it happened.

    What was told beforehand is of no step.
    """
    found, last = [], (0, 0)
    scores: dict[int, float] = {}
    steps: set[int] = set()
    for event in events:
        if event["event"] == "beforehand":
            continue
        place = (event["epoch"], event["step"])
        if event["event"] != "resumed" and place <= last:
            found.append(f"{event['event']} {place} comes after {last}")
        last = place
        if event["event"] == "step":
            steps.add(event["epoch"] + 1)
        if event["event"] == "epoch":
            score = scores.setdefault(event["epoch"], event["validation_map"])
            if score != event["validation_map"]:
                found.append(f"epoch {event['epoch']} came out otherwise the second time")
    whole = set(range(1, n_epochs + 1))
    found += [f"no epoch {epoch}" for epoch in sorted(whole - scores.keys())]
    return found + [f"no step of epoch {epoch}" for epoch in sorted(whole - steps)]


def _lost(study: Path, n_epochs: int) -> list[str]:
    found = []
    for run in RUNS:
        events = read_events(RunDirectory(study / run).events)
        found += [f"{study.name}/{run}: {f}" for f in event_log_faults(events, n_epochs=n_epochs)]
    return found


def _odd_models(studies: Sequence[Path]) -> list[str]:
    """Runs whose models differ from those of the first one: all have the same recipe."""
    found = []
    for run in RUNS:
        for name in ("last", "best"):
            files = [RunDirectory(s / run).checkpoints / name / WEIGHTS for s in studies]
            digests = [file_digest(file) if file.exists() else "" for file in files]
            odd = [
                s.name for s, d in zip(studies, digests, strict=True) if d != digests[0] or not d
            ]
            found += [f"{study}/{run}/{name} has other bits" for study in odd]
    return found


def _left(root: Path, studies: Sequence[Path]) -> list[str]:
    """Processes, locks, tickets and drafts that are still there."""
    locks = [study / STUDY_LOCK for study in studies] + list((root / QUEUE).glob("slot-*"))
    found = [f"{path} is still locked" for path in locks if _is_locked(path)]
    found += [f"{ticket.study} still waits" for ticket in waiting(root)]
    found += [f"{ticket.name} is left" for ticket in (root / QUEUE).glob("*.json")]
    found += [f"{path} is left" for path in _drafts(root)]
    return found + [f"process {pid} is left" for pid in _processes_of(root)]


def _drafts(root: Path) -> list[Path]:
    names = (STOP_FILE, ".*.draft", ".*.old", ".*.json.*", ".*.toml.*", ".*.parquet.*")
    return [path for name in names for path in root.rglob(name)]


def _is_locked(path: Path) -> bool:
    handle = try_lock(path)
    if handle is not None:
        os.close(handle)
    return handle is None


def _processes_of(root: Path) -> list[int]:
    lines = {p.pid: p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])}
    return [pid for pid, line in lines.items() if f"{root}/" in " ".join(line)]
