"""The part of the form that asks where a study runs: only what matters for the place chosen."""

from typing import Any

import streamlit as st

from udviz.figures.style.text import plural
from udviz.launching.flags import leaves, nested
from udviz.launching.placement import HERE, Placement
from udviz.ui.launch.fields import ask_in_columns, recipe_fields

_ON, _MACHINES = "placement.on", "placement.machines"
_ALWAYS = (_ON, _MACHINES, "placement.processes")
_SEVERAL = ("placement.network", "placement.public")
_LABELS = {
    _ON: "Runs on",
    "placement.processes": "Processes per machine",
    "placement.qos": "Quality of service",
    "placement.hours": "Time limit in hours",
    "placement.cpus": "CPUs per machine",
    "placement.memory_gb": "GB of memory per machine",
}


def ask_where(before: Placement, *, prefix: str) -> dict[str, Any]:
    """Ask for the place; what was entered is to be checked by its schema.

    Args:
        before: What the fields hold at first.
        prefix: Of the widgets' keys.

    Returns:
        Values by name.
    """
    values = dict(leaves(before, "placement."))
    fields = {field.name: field for field in recipe_fields(Placement, "placement.")}

    def ask_these(*names: str) -> dict[str, Any]:
        chosen = [fields[name] for name in names]
        return ask_in_columns(chosen, values, n_columns=3, prefix=prefix, labels=_LABELS)

    with st.expander("Where it runs", expanded=before != HERE):
        entered = ask_these(*_ALWAYS)
        if entered[_ON] != "local":
            entered |= ask_these(*(n for n in fields if n not in (*_ALWAYS, *_SEVERAL)))
        if entered[_MACHINES] > 1:
            entered |= ask_these(*_SEVERAL)
    found: dict[str, Any] = nested(entered)["placement"]
    return found


def what_runs(placement: Placement) -> str:
    """What the command that is shown does."""
    if placement.on != "local":
        return "This submits the job; the same works in a terminal."
    if placement.machines > 1:
        others = plural(placement.machines - 1, "other machine")
        return f"This is what will run here. Type the same on the {others}; all wait for all."
    return "This is what will run; the same works in a terminal."
