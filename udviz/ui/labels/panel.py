"""The numbers of one label: opened below a ranking, or at the head of its own page."""

import pandas as pd
import streamlit as st

from udviz.figures.models.models import model_scores
from udviz.figures.style.text import safe_markdown
from udviz.ui.frame import alt, charts, links, sidebar
from udviz.ui.labels import sentences as words
from udviz.ui.labels import tables

_KEY = "opened-label"


def show_label(label: pd.Series) -> None:
    """Numbers of one label below a ranking, with a way to everything about it."""
    with st.container(border=True, key=_KEY):
        _show_numbers(label)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Close", icon=":material/close:", on_click=sidebar.open_label, args=(None,))
            links.to_label(label["label"], text="Everything about this label")
    _scroll("nearest")


def show_head(label: pd.Series) -> None:
    """Numbers of the one label that a page is about."""
    with st.container(key=_KEY):
        _show_numbers(label)
    _scroll("start")


def _show_numbers(label: pd.Series) -> None:
    """Numbers of one label for every model, its gain, its causes in words."""
    st.header(safe_markdown(label["label"]), anchor=False)
    st.markdown(words.about_label(label))
    scores = tables.label_scores(label)
    if scores.empty:
        st.info("No image of this split carries it, so it has no average precision.")
        st.markdown(words.causes_in_words(label))
    else:
        _show_scores(label, scores)


def _scroll(block: str) -> None:
    """Bring the panel into sight if a click opened it: elsewhere a person would not see it."""
    if sidebar.just_opened():
        st.html(
            f"<script>document.querySelector('.st-key-{_KEY}')"
            f".scrollIntoView({{behavior: 'smooth', block: '{block}'}});</script>",
            unsafe_allow_javascript=True,
        )


def _show_scores(label: pd.Series, scores: pd.DataFrame) -> None:
    with st.grid(2, min_column_width=380) as grid:
        with grid.cell():
            charts.draw(
                model_scores(
                    scores,
                    axis_title="Average precision (0 to 1, higher is better)",
                    guess=label["prevalence"],
                    title="Average precision, with its 95 % interval",
                ),
                key="label-scores",
                alt=alt.models(scores, quantity="Average precision"),
            )
        with grid.cell():
            st.table(tables.label_model_table(label), border="horizontal")
            st.markdown(words.causes_in_words(label))
