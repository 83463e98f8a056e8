"""What runs or waits right now, in the sidebar of every page."""

from pathlib import Path

import streamlit as st

from udviz.figures.style.text import one_line, plural, safe_markdown
from udviz.studies.directory import runs_root
from udviz.studies.listing import StudyEntry, list_entries
from udviz.ui.frame.start import time_left

POLL_SECONDS = 2.0
N_SHOWN = 3


def show_activity() -> None:
    """Progress of the studies that are alive; looks again only while there are any."""
    root = runs_root()
    alive = alive_in(root)
    if alive:
        with st.sidebar:
            st.fragment(_draw, run_every=POLL_SECONDS)(root, states_of(alive))


def alive_in(root: Path) -> list[StudyEntry]:
    """Studies that run or wait: those that run first, then by age."""
    alive = [entry for entry in list_entries(root) if entry.is_alive]
    return sorted(alive, key=lambda entry: (_state(entry) == "queued", entry.begun))


def states_of(entries: list[StudyEntry]) -> list[tuple[str, str]]:
    """What changes when a page has to be drawn anew."""
    return [(entry.name, _state(entry)) for entry in entries]


def _draw(root: Path, drawn: list[tuple[str, str]]) -> None:
    alive = alive_in(root)
    if states_of(alive) != drawn:
        st.rerun()
    for entry in alive[:N_SHOWN]:
        _draw_entry(entry)
    if len(alive) > N_SHOWN:
        st.caption(f"and {plural(len(alive) - N_SHOWN, 'more study', 'more studies')}")


def _draw_entry(entry: StudyEntry) -> None:
    status = entry.status
    if status is None:
        return
    name = safe_markdown(one_line(entry.name))
    if status.state == "queued":
        st.caption(f":material/hourglass_empty: **{name}** waits for its turn")
        return
    percent = f"{status.fraction:.0%}"
    words = "stopping" if status.state == "stopping" else safe_markdown(status.stage)
    st.progress(min(max(status.fraction, 0.0), 1.0), text=f"**{name}**, {words}")
    st.caption(" · ".join(filter(None, [percent, time_left(status.seconds_left)])))


def _state(entry: StudyEntry) -> str:
    return entry.status.state if entry.status else ""
