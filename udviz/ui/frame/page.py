"""The frame of every page: title, question, pickers, and an explanation when data is missing."""

import gc
import json
from functools import cache
from pathlib import Path

import streamlit as st

from udviz.figures.style.paper import SETTINGS
from udviz.studies.directory import list_studies, runs_root
from udviz.ui.frame import actions, activity, sidebar, start
from udviz.ui.frame.view import View, view_of
from udviz.ui.launch import compare_form
from udviz.ui.launch import form as launch_form
from udviz.ui.load.analysis_rows import load_study
from udviz.ui.load.study import StudyError

_HERE = Path(__file__).parent


def open_frame(title: str, *, question: str) -> None:
    """Draw what all pages share: menu, what runs right now, title, question."""
    st.set_page_config(
        page_title=f"{title} · udviz",
        page_icon=str(_HERE / "icon.svg"),
        layout="wide",
        initial_sidebar_state=240,
    )
    st.html(_HERE / "style.css")
    _spare_the_collector()
    sidebar.show_menu()
    launch_form.offer()
    compare_form.offer()
    activity.show_activity()
    st.sidebar.html(_charts_for_papers(), unsafe_allow_javascript=True)
    st.title(title, anchor=False)
    st.markdown(question)
    actions.report()


@cache
def _charts_for_papers() -> str:
    """The script that has a chart's camera save light pictures at the widths of papers."""
    script = (_HERE / "paper.js").read_text(encoding="utf-8")
    return f"<script>{script.replace('SETTINGS', json.dumps(SETTINGS))}</script>"


@st.cache_resource(show_spinner=False)
def _spare_the_collector() -> None:
    """Set what is imported by now aside from garbage collection, once per server.

    Streamlit collects all garbage at the end of every drawing and so looks at half a million
    objects of its libraries, which stay: 0.1 to 0.2 s in which no other thread runs.
    """
    gc.collect()
    gc.freeze()


def open_page(title: str, *, question: str, compares: bool = False) -> View:
    """Draw the frame and return what was picked; stop the page if there is nothing to show.

    Args:
        title: Of the page.
        question: That it answers.
        compares: Whether it speaks of one comparison, and so asks which.
    """
    open_frame(title, question=question)
    root = runs_root()
    studies = list_studies(root)
    if not studies:
        start.welcome(root)
        st.stop()
    path = sidebar.pick_study(studies)
    try:
        study = load_study(path)
    except StudyError as error:
        start.explain(path, error)
        st.stop()
    split = sidebar.pick_split(study)
    pair = sidebar.pick_comparison(study, ask=compares)
    view = view_of(study, split, pair=pair, drawn=sidebar.pick_drawn(study.names))
    sidebar.show_models(view)
    return view
