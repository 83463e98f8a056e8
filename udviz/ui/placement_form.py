"""The part of the form that asks where a study runs: only what matters for the place chosen."""

from typing import Any

import streamlit as st

from udviz.figures.text import plural
from udviz.runs.flags import leaves
from udviz.runs.placement import HERE, Placement
from udviz.ui.fields import RecipeField, ask, recipe_fields

_PREFIX = "placement."
_ALWAYS = ("on", "machines", "processes")
_SEVERAL_HERE = ("meeting_point",)
_LABELS = {
    "on": "Runs on",
    "processes": "Processes per machine",
    "qos": "Quality of service",
    "hours": "Time limit in hours",
    "cpus": "CPUs per machine",
    "memory_gb": "GB of memory per machine",
}


def ask_where(before: Placement, *, prefix: str) -> dict[str, Any]:
    """Ask for the place; the values that differ in kind are checked by its schema.

    Args:
        before: What the fields hold at first.
        prefix: Of the widgets' keys.

    Returns:
        Values by name.
    """
    values = dict(leaves(before))
    fields = {field.name.removeprefix(_PREFIX): field for field in _fields()}
    elsewhere = before != HERE
    with st.expander("Where it runs", expanded=elsewhere):
        entered = _ask_row(_ALWAYS, fields, values, prefix)
        if entered["on"] != "local":
            rest = [name for name in fields if name not in (*_ALWAYS, *_SEVERAL_HERE)]
            entered |= _ask_row(rest, fields, values, prefix)
        elif entered["machines"] > 1:
            entered |= _ask_row(_SEVERAL_HERE, fields, values, prefix)
    return entered


def what_runs(placement: Placement) -> str:
    """What the command that is shown does."""
    if placement.on != "local":
        return "This submits the job; the same works in a terminal."
    if placement.machines > 1:
        others = plural(placement.machines - 1, "other machine")
        return f"This is what will run here. Type the same on the {others}; all wait for all."
    return "This is what will run; the same works in a terminal."


def _fields() -> list[RecipeField]:
    return list(recipe_fields(Placement, _PREFIX))


def _ask_row(
    names: tuple[str, ...] | list[str],
    fields: dict[str, RecipeField],
    values: dict[str, Any],
    prefix: str,
) -> dict[str, Any]:
    columns = st.columns(3)
    entered = {}
    for place, name in enumerate(names):
        with columns[place % len(columns)]:
            label = _LABELS.get(name)
            entered[name] = ask(
                fields[name], values[name], key=prefix + _PREFIX + name, label=label
            )
    return entered
