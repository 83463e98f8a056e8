"""What the runs of a study noted while training, as TensorBoard event files."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from udviz.checks import is_number
from udviz.studies.directory import RunDirectory
from udviz.studies.events import read_events
from udviz.studies.listing import list_runs

SCALARS = ("learning_rate", "images_per_second", "data_wait", "validation_map")


def write_runs(study: Path, folder: Path) -> None:
    """Write one folder of event files per run into a new ``folder``.

    Raises:
        FileNotFoundError: If there is no run at ``study``.
        ModuleNotFoundError: If the package tensorboard is not installed.
    """
    runs = list_runs(study)
    if not runs:
        raise FileNotFoundError(
            f"`study` must hold at least one run that was trained here, got `{study}`, which "
            "holds none. Name the folder of a study, such as runs/demo."
        )
    for run in runs:
        _write_run(run, folder / run.name)


def scalars(events: Sequence[dict[str, Any]]) -> dict[tuple[str, int], float]:
    """Value of every quantity by (name, training step counted over all epochs).

    A step that was computed again after a crash has its last value.
    """
    placed = [event for event in events if all(map(is_number, _place(event)))]
    steps = [event["step"] for event in placed if event.get("event") == "step"]
    per_epoch = max(steps, default=0)
    found: dict[tuple[str, int], Any] = {}
    for event in placed:
        step = int(event["epoch"] * per_epoch + event["step"])
        losses = event.get("losses") if event.get("event") == "step" else None
        if isinstance(losses, dict):
            found |= {(f"loss/{name}", step): value for name, value in losses.items()}
        found |= {(name, step): event[name] for name in SCALARS if name in event}
    return {key: value for key, value in found.items() if is_number(value)}


def _place(event: dict[str, Any]) -> tuple[Any, Any]:
    return event.get("epoch"), event.get("step")


def _write_run(run: RunDirectory, folder: Path) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    for (name, step), value in sorted(scalars(read_events(run.events)).items()):
        summary = Summary(value=[Summary.Value(tag=name, simple_value=value)])
        writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
    writer.close()
