"""The numbers of one label: opened below a ranking, or at the head of its own page."""

import pandas as pd
import streamlit as st

from udviz.figures.labels.causes import shared_causes
from udviz.figures.models.models import model_scores
from udviz.figures.style.text import safe_markdown
from udviz.ui.advice.collect import advise
from udviz.ui.advice.sentences import in_short
from udviz.ui.frame import alt, charts, links, sidebar
from udviz.ui.frame.view import View
from udviz.ui.labels import sentences, tables, text_tables

_KEY = "opened-label"


def show_label(view: View, label: pd.Series) -> None:
    """Numbers of one label below a ranking, with a way to everything about it."""
    with st.container(border=True, key=_KEY):
        _show_numbers(view, label, causes=True)
        if told := in_short(advise(view).about(label["label"])):
            st.markdown(told)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Close", icon=":material/close:", on_click=sidebar.open_label, args=(None,))
            links.to_label(label["label"], text="Everything about this label")
    _scroll("nearest")


def show_head(view: View, label: pd.Series) -> None:
    """Numbers of the one label that a page is about, which tells its causes further down."""
    with st.container(key=_KEY):
        _show_numbers(view, label, causes=False)
    _scroll("start")


def _show_numbers(view: View, label: pd.Series, *, causes: bool) -> None:
    """Numbers of one label for every model, its gain, and its causes in words if asked for."""
    st.header(safe_markdown(label["label"]), anchor=False)
    st.markdown(sentences.about_label(label, pair=view.pair, metric=view.metric))
    scores = view.scores[view.scores["label"] == label["label"]]
    if text_tables.label_scores(scores).empty:
        st.info("No image of this split carries it, so it has no average precision.")
    else:
        _show_scores(view, label, scores)
    if causes:
        shared = shared_causes(view.labels["causes"].tolist())
        st.markdown(sentences.causes_in_words(label, shared=shared))


def _scroll(block: str) -> None:
    """Bring the panel into sight if a click opened it: elsewhere a person would not see it."""
    if sidebar.just_opened():
        st.html(
            f"<script>document.querySelector('.st-key-{_KEY}')"
            f".scrollIntoView({{behavior: 'smooth', block: '{block}'}});</script>",
            unsafe_allow_javascript=True,
        )


def _show_scores(view: View, label: pd.Series, scores: pd.DataFrame) -> None:
    drawn = text_tables.label_scores(scores)
    with st.grid(2, min_column_width=380) as grid:
        with grid.cell():
            charts.draw(
                model_scores(
                    drawn,
                    view.styles,
                    axis_title="Average precision (0 to 1, higher is better)",
                    chance=label["prevalence"],
                    title="Average precision, with its 95 % interval",
                ),
                key="label-scores",
                alt=alt.models(drawn, quantity="Average precision"),
            )
        with grid.cell():
            tables.draw(
                text_tables.label_model_table(scores, view.styles),
                key="label-models",
                alt="Scores of this label, one row per model",
            )
