"""Marks on doubted targets: one click each, undone by another; kept beside the study."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from udviz.studies.failure import reason
from udviz.studies.reviews import (
    REVIEWS_FILE,
    VERDICTS,
    Doubted,
    Mark,
    Verdict,
    add_mark,
    standing_marks,
    undo,
)

COLUMNS = ["split", "image_id", "label", "target", "direction", "verdict", "time"]
Refusal = Callable[[], str | None]
_DONE, _TROUBLE = "_marks_made", "_mark_trouble"


def marks_table(study: Path) -> pd.DataFrame:
    """The marks that stand, one row each: `COLUMNS`, ``time`` in UTC. Shared; nobody changes it."""
    file = study / REVIEWS_FILE
    stamp = file.stat() if file.is_file() else None
    return _read(str(study), (stamp.st_mtime_ns, stamp.st_size) if stamp else (0, 0))


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(study: str, version: tuple[int, int]) -> pd.DataFrame:
    rows = [
        {**vars(mark.doubted), "direction": mark.direction, "verdict": mark.verdict}
        | {"time": mark.time}
        for mark in standing_marks(Path(study)).values()
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    when = pd.to_datetime(table["time"].astype(float), unit="s", utc=True)
    return table.assign(time=when.dt.floor("s"))


def ask(study: Path, suspect: pd.Series, *, may_change: Refusal) -> None:
    """Ask what a doubted target is; a second click on the answer takes it back.

    Args:
        study: Directory of the study.
        suspect: ``split``, ``image_id``, ``label``, ``target``, ``direction``, ``verdict``.
        may_change: Says why nothing may be changed here; None if it may.
    """
    doubted = Doubted(
        str(suspect["split"]),
        str(suspect["image_id"]),
        str(suspect["label"]),
        int(suspect["target"]),
    )
    key = f"mark-{doubted.split}-{doubted.image_id}-{doubted.label}-{doubted.target}"
    verdict = suspect["verdict"]
    st.session_state[key] = verdict if verdict in VERDICTS else None
    st.segmented_control(
        "The target is",
        list(VERDICTS),
        key=key,
        on_change=_mark,
        args=(study, doubted, str(suspect["direction"]), key, may_change),
        disabled=may_change() is not None,
        label_visibility="collapsed",
        width="stretch",
    )


def offer_undo(study: Path, *, may_change: Refusal) -> None:
    """A button that takes back the last mark made here, and what went wrong with one."""
    made = [step for step in st.session_state.get(_DONE, []) if step[0] == study]
    st.button(
        "Undo the last mark",
        icon=":material/undo:",
        disabled=may_change() is not None or not made,
        on_click=_undo,
        args=(study, may_change),
    )
    if trouble := st.session_state.pop(_TROUBLE, None):
        st.error(trouble, icon=":material/error:")


def _mark(study: Path, doubted: Doubted, direction: str, key: str, may_change: Refusal) -> None:
    if reason_against := may_change():  # since the page was drawn
        st.session_state[_TROUBLE] = f"The mark was not kept: {reason_against}"
        return
    verdict: Verdict | None = st.session_state[key]
    before = standing_marks(study).get(doubted)
    made = Mark(doubted=doubted, direction=direction, verdict=verdict)
    try:
        add_mark(study, made)
    except OSError as error:
        st.session_state[_TROUBLE] = f"The mark was not kept. {reason(error)}"
        return
    st.session_state.setdefault(_DONE, []).append((study, made, before))


def _undo(study: Path, may_change: Refusal) -> None:
    if reason_against := may_change():
        st.session_state[_TROUBLE] = f"The mark was not taken back: {reason_against}"
        return
    steps = st.session_state[_DONE]
    place = max(place for place, step in enumerate(steps) if step[0] == study)
    _, made, before = steps[place]
    try:
        undone = undo(study, made, before)
    except OSError as error:
        st.session_state[_TROUBLE] = f"The mark was not taken back. {reason(error)}"
        return
    del steps[place]
    if not undone:
        st.session_state[_TROUBLE] = (
            "The last mark was left alone: somebody has marked the same target again since."
        )
