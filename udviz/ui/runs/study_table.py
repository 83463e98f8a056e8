"""All studies as a table; a click on a row opens its study."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from udviz.figures.style.text import MISSING, one_line, plural
from udviz.studies.listing import StudyEntry, list_entries
from udviz.studies.status import State, Status
from udviz.ui.frame.activity import POLL_SECONDS
from udviz.ui.frame.sidebar import OPENED
from udviz.ui.frame.start import time_left
from udviz.ui.labels import tables
from udviz.ui.runs.results import Result, result_of

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
_COLUMNS = [
    *("Study", "State", "Progress", "mAP", "Gain", "Of", "Stage", "Time left", "Started"),
    "Message",
]
_KEY = "studies"
_CLICKED = "_study_clicked"
_ROW_PX, _N_ROWS, _NAME_PX = 35, 9, 150


def draw_studies(root: Path, *, opened: str | None, poll: bool) -> None:
    """Draw the table; it is drawn again every other second if ``poll``."""
    st.fragment(_draw, run_every=POLL_SECONDS if poll else None)(root, opened)


def state_word(status: Status | None) -> str:
    """Glyph and word of the state of a study or a run."""
    return STATES[status.state if status else None]


def study_table(entries: Sequence[StudyEntry]) -> pd.DataFrame:
    """One row per study, the latest first.

    Returns:
        Columns ``Study``, ``State``, ``Progress`` in [0, 1], ``Stage``, ``Time left``,
        ``Started`` (a time that is never in the future) and ``Message``, the latest one; of a
        study that was analysed ``mAP``, ``Gain`` and the models that they are ``Of``, as `results`
        has them.
    """
    now = time.time()
    found = [result_of(entry.path) for entry in entries]
    rows = [
        {
            "Study": one_line(entry.name),
            "State": state_word(entry.status),
            "Progress": round(entry.status.fraction, 2) if entry.status else None,
            "mAP": result.mean_ap if result else None,
            "Gain": result.gain if result else None,
            "Of": _of(result) if result else MISSING,
            "Stage": entry.status.stage if entry.status else MISSING,
            "Time left": time_left(entry.status.seconds_left) if entry.status else "",
            "Started": pd.Timestamp(min(entry.begun, now), unit="s", tz="UTC"),
            "Message": one_line(entry.status.message) if entry.status else "",
        }
        for entry, result in zip(entries, found, strict=True)
    ]
    return pd.DataFrame(rows, columns=_COLUMNS).astype({"mAP": float, "Gain": float})


def _of(result: Result) -> str:
    """The model that the numbers are of, and what it is compared with."""
    model = one_line(result.model)
    return f"{model} over {one_line(result.before)}" if result.before else model


def _draw(root: Path, opened: str | None) -> None:
    entries = list_entries(root)
    names = [entry.name for entry in entries]

    def clicked() -> None:
        if rows := st.session_state[_KEY].selection.rows:
            st.session_state[OPENED] = names[rows[0]]
            st.session_state[_CLICKED] = True

    if st.session_state.pop(_CLICKED, False):
        st.rerun()  # what was clicked lies outside of this fragment

    table = study_table(entries)
    marked = [names.index(opened)] if opened in names else []
    st.session_state[_KEY] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    tables.draw(
        table,
        key=_KEY,
        alt=f"{plural(len(names), 'study', 'studies')} with state and progress, the latest first",
        height=_ROW_PX * (1 + min(len(names), _N_ROWS)) + 3,
        formats=_formats(),
        csv=tables.Csv(file_name="studies.csv"),
        on_select=clicked,
        selection_mode="single-row",
    )


def _formats() -> dict[str, Any]:
    return {
        "Study": st.column_config.TextColumn(pinned=True, width=_NAME_PX),
        "Progress": st.column_config.ProgressColumn(
            min_value=0.0, max_value=1.0, format="percent", width="small"
        ),
        "mAP": st.column_config.NumberColumn(
            format="%.3f", help="On the test images, of the model after in the first comparison."
        ),
        "Gain": st.column_config.NumberColumn(
            format="%+.3f",
            help="Mean gain in AP over the model before. Its interval is on the Overview.",
        ),
        "Of": st.column_config.TextColumn(help="The models that mAP and gain are of."),
        "Stage": st.column_config.TextColumn(help="What the study is doing."),
        "Started": st.column_config.DatetimeColumn(
            format="distance", help="When it was started; if it was resumed, when that was."
        ),
    }
