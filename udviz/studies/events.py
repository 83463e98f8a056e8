"""The append-only event log of a run: one JSON object per line; and what is unusual in it."""

import json
from collections.abc import Iterable, Mapping
from math import nan
from pathlib import Path
from typing import Any

from udviz.checks import is_number
from udviz.studies.files import no_link, own_bytes

MOST_EVENTS = 2**24  # bytes from the end of a log that are read; no run of ours writes as many
MOST_DEAD = 0.05  # share of the channels; a few always die
LARGEST_LOGIT = 30.0  # a probability of 1 - 1e-13


def append_event(path: Path, event: dict[str, Any]) -> None:
    """Append ``event`` as one line; a torn last line of a killed process is closed first."""
    line = json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n"
    with open(path, "ab", opener=no_link) as file:
        if file.tell() and not _ends_with_newline(path):
            line = "\n" + line
        file.write(line.encode())


def read_events(path: Path) -> list[dict[str, Any]]:
    """All whole lines of the log in order; torn ones are left out, no plain file is empty.

    Of a log of more than `MOST_EVENTS` bytes, those at its end.
    """
    try:
        lines = own_bytes(path, last=MOST_EVENTS).splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def last_epoch(events: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The last event of an epoch; empty without one."""
    found: Mapping[str, Any] = {}
    for event in events:
        found = event if event.get("event") == "epoch" else found
    return found


def symptoms(event: Mapping[str, Any]) -> list[str]:
    """A sentence for each number of ``event`` that is unusual.

    Args:
        event: Of an epoch: ``dead_channels`` of ``channels`` and ``largest_logit``; what is missing
            says nothing.
    """
    dead, channels, logit = (
        float(value) if is_number(value := event.get(name)) else nan
        for name in ("dead_channels", "channels", "largest_logit")
    )
    told = []
    if dead > MOST_DEAD * channels:
        told.append(
            f"{dead:.0f} of {channels:.0f} channels of the last feature map are 0 in nearly every "
            "image. A lower learning rate (learning_rate, backbone_rate) or gradient clipping "
            "(clip_norm) keeps more of them alive."
        )
    if abs(logit) > LARGEST_LOGIT:
        told.append(
            f"The largest logit on validation is {logit:.0f}, a probability of 0 or 1 to thirteen "
            "digits: the network is certain beyond reason of some images. Gradient clipping "
            "(clip_norm) or weight decay holds it."
        )
    return told


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
