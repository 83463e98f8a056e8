"""The frame of every page: title, question, pickers, and an explanation when data is missing."""

import gc
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from udviz.figures.style.theme import ROLES
from udviz.studies.directory import list_studies, runs_root
from udviz.ui.frame import actions, activity, sidebar, start
from udviz.ui.labels.filters import HARDEST_FIRST, order_labels
from udviz.ui.launch import form as launch_form
from udviz.ui.load.study import Study, StudyError, load_study

_HERE = Path(__file__).parent


@dataclass(frozen=True, eq=False, kw_only=True)
class View:
    """The part of a study that a page speaks of.

    Attributes:
        study: The whole study.
        split: The chosen split.
        models: One row per role of this split: teacher, baseline, distilled.
        gain: Gain of the mean average precision on this split; None where there is none.
        labels: One row per label of this split, hardest first.
    """

    study: Study
    split: str
    models: pd.DataFrame
    gain: pd.Series | None
    labels: pd.DataFrame

    @property
    def has_gains(self) -> bool:
        """Whether a distilled student was compared with a baseline."""
        return bool(self.labels["gain"].notna().any())


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
    activity.show_activity()
    st.title(title, anchor=False)
    st.markdown(question)
    actions.report()


@st.cache_resource(show_spinner=False)
def _spare_the_collector() -> None:
    """Set what is imported by now aside from garbage collection, once per server.

    Streamlit collects all garbage at the end of every drawing and so looks at half a million
    objects of its libraries, which stay: 0.1 to 0.2 s in which no other thread runs.
    """
    gc.collect()
    gc.freeze()


def open_page(title: str, *, question: str) -> View:
    """Draw the frame and return what was picked; stop the page if there is nothing to show."""
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
    view = view_of(study, sidebar.pick_split(study))
    sidebar.show_models(study, view.models["role"].tolist())
    return view


def view_of(study: Study, split: str) -> View:
    """The rows of one split, models in the order of the roles, labels hardest first."""
    models = study.models[study.models["split"] == split]
    labels = study.labels[study.labels["split"] == split]
    gains = study.map_gain[study.map_gain["split"] == split]
    order = {role: place for place, role in enumerate(ROLES)}
    return View(
        study=study,
        split=split,
        models=models[models["role"].isin(ROLES)].sort_values("role", key=lambda r: r.map(order)),
        gain=None if gains.empty else gains.iloc[0],
        labels=order_labels(labels, HARDEST_FIRST),
    )
