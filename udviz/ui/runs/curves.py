"""The event logs of a study's runs as tables of curves."""

import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from udviz.bounded import MOST_RECORD, read_text
from udviz.checks import is_number
from udviz.studies.directory import RunDirectory
from udviz.studies.events import read_events

SCORES = ["run", "epoch", "validation_map"]
LOSSES = ["loss", "step", "value"]
PRECISIONS = ["label", "epoch", "value"]


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
            if is_number(event.get("validation_map"))
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
            if is_number(value):
                found[loss, event["epoch"] * n_steps + event["step"]] = value
    rows = [(loss, step, value) for (loss, step), value in sorted(found.items())]
    return pd.DataFrame(rows, columns=LOSSES)


def hardest_labels(run: RunDirectory, *, n_labels: int) -> pd.DataFrame:
    """Average precision on validation, after every epoch, of the labels that are hardest by now.

    Returns:
        Columns ``label``, ``epoch`` (counted from 1) and ``value`` in [0, 1], the hardest label of
        the last epoch first. Empty if the log does not hold it.
    """
    by_epoch = {
        event["epoch"]: event["label_precision"]
        for event in _events(run, "epoch")
        if isinstance(event.get("label_precision"), list)
    }
    if not by_epoch:
        return pd.DataFrame([], columns=PRECISIONS)
    names = _label_names(run)
    last = by_epoch[max(by_epoch)]
    known = [column for column, value in enumerate(last) if is_number(value)]
    rows = [
        (names.get(column, f"label {column}"), epoch, by_epoch[epoch][column])
        for column in sorted(known, key=lambda column: last[column])[:n_labels]
        for epoch in sorted(by_epoch)
        if column < len(by_epoch[epoch]) and is_number(by_epoch[epoch][column])
    ]
    return pd.DataFrame(rows, columns=PRECISIONS)


def _label_names(run: RunDirectory) -> dict[int, str]:
    """Names of the labels by column; none if the run's record cannot be read."""
    try:
        names = tomllib.loads(read_text(run.record, most=MOST_RECORD))["label_names"]
    except (OSError, ValueError, KeyError, RecursionError):
        return {}
    return dict(enumerate(map(str, names))) if isinstance(names, list) else {}


def _events(run: RunDirectory, kind: str) -> Iterator[dict[str, Any]]:
    for event in read_events(run.events):
        if event.get("event") == kind and all(_is_whole(event.get(n)) for n in ("epoch", "step")):
            yield event


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and 0 <= value < 2**53  # what a chart can count
