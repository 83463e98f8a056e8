"""The diaries of a study's runs as tables of curves."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from udviz.runs.directory import RunDirectory
from udviz.runs.events import read_events

SCORES = ["run", "epoch", "validation_map"]
LOSSES = ["loss", "step", "value"]


def validation_scores(runs: Sequence[RunDirectory]) -> pd.DataFrame:
    """Validation mAP after every epoch.

    Returns:
        Columns ``run``, ``epoch`` (counted from 1) and ``validation_map`` in [0, 1], by run in
        their order and by epoch. An epoch that was computed again has its last value.
    """
    rows = []
    for run in runs:
        scores = {
            event["epoch"]: event["validation_map"]
            for event in _events(run, "epoch")
            if _is_number(event.get("validation_map"))
        }
        rows += [(run.name, epoch, scores[epoch]) for epoch in sorted(scores)]
    return pd.DataFrame(rows, columns=SCORES)


def losses(run: RunDirectory) -> pd.DataFrame:
    """Every named loss, as the mean over its epoch so far, by training step.

    Returns:
        Columns ``loss``, ``step`` (counted over all epochs) and ``value``. A step that was
        computed again has its last value.
    """
    events = [e for e in _events(run, "step") if isinstance(e.get("losses"), dict)]
    n_steps = max((event["step"] for event in events), default=0)
    found: dict[tuple[str, int], float] = {}
    for event in events:
        for loss, value in event["losses"].items():
            if _is_number(value):
                found[loss, event["epoch"] * n_steps + event["step"]] = value
    rows = [(loss, step, value) for (loss, step), value in sorted(found.items())]
    return pd.DataFrame(rows, columns=LOSSES)


def _events(run: RunDirectory, kind: str) -> Iterator[dict[str, Any]]:
    for event in read_events(run.events):
        if event.get("event") == kind and all(_is_whole(event.get(n)) for n in ("epoch", "step")):
            yield event


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and value >= 0
