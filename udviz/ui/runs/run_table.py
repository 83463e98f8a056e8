"""All runs as a table; a click on a row opens its run."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from udviz.figures.style.text import MISSING, one_line, plural
from udviz.studies.listing import StudyEntry, list_entries
from udviz.studies.status import State
from udviz.ui.frame.activity import POLL_SECONDS
from udviz.ui.frame.start import time_left
from udviz.ui.labels.tables import offer_csv

RUN = "run"  # in the URL and in the session: the opened run
STATES: dict[State | None, str] = {
    "running": "▶ running",
    "queued": "◷ waiting",
    "stopping": "◧ stopping",
    "finished": "✓ finished",
    "failed": "✕ failed",
    "stopped": "■ stopped",
    "lost": "? lost",
    None: "– unknown",
}
_KEY = "runs"
_CLICKED = "_run_clicked"
_ROW_PX, _N_ROWS, _NAME_PX = 35, 9, 150


def draw_runs(root: Path, *, opened: str | None, poll: bool) -> None:
    """Draw the table; it is drawn again every other second if ``poll``."""
    st.fragment(_draw, run_every=POLL_SECONDS if poll else None)(root, opened)


def state_word(entry: StudyEntry) -> str:
    """Glyph and word of a run's state."""
    return STATES[entry.status.state if entry.status else None]


def run_table(entries: Sequence[StudyEntry]) -> pd.DataFrame:
    """One row per run, the latest first.

    Returns:
        Columns ``Run``, ``State``, ``Progress`` in [0, 1], ``Busy with``, ``Time left``,
        ``Begun`` (a time that is never in the future) and ``Latest``.
    """
    now = time.time()
    rows = [
        {
            "Run": one_line(entry.name),
            "State": state_word(entry),
            "Progress": round(entry.status.fraction, 2) if entry.status else None,
            "Busy with": entry.status.stage if entry.status else MISSING,
            "Time left": time_left(entry.status.seconds_left) if entry.status else "",
            "Begun": pd.Timestamp(min(entry.begun, now), unit="s", tz="UTC"),
            "Latest": one_line(entry.status.message) if entry.status else "",
        }
        for entry in entries
    ]
    columns = ["Run", "State", "Progress", "Busy with", "Time left", "Begun", "Latest"]
    return pd.DataFrame(rows, columns=columns)


def _draw(root: Path, opened: str | None) -> None:
    entries = list_entries(root)
    names = [entry.name for entry in entries]

    def clicked() -> None:
        if rows := st.session_state[_KEY].selection.rows:
            st.session_state[RUN] = names[rows[0]]
            st.session_state[_CLICKED] = True

    if st.session_state.pop(_CLICKED, False):
        st.rerun()  # what was clicked lies outside of this fragment

    table = run_table(entries)
    marked = [names.index(opened)] if opened in names else []
    st.session_state[_KEY] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    st.dataframe(
        table,
        key=_KEY,
        alt=f"{plural(len(names), 'run')} with state, progress and time left, the latest first",
        hide_index=True,
        height=_ROW_PX * (1 + min(len(names), _N_ROWS)) + 3,
        column_config=_formats(),
        on_select=clicked,
        selection_mode="single-row",
        placeholder=MISSING,
    )
    offer_csv(table, label="Download this table (CSV)", file_name="runs.csv")


def _formats() -> dict[str, Any]:
    return {
        "Run": st.column_config.TextColumn(pinned=True, width=_NAME_PX),
        "Progress": st.column_config.ProgressColumn(
            min_value=0.0, max_value=1.0, format="percent", width="small"
        ),
        "Begun": st.column_config.DatetimeColumn(
            format="distance", help="A run that went on later counts from then."
        ),
    }
