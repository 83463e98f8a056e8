"""One label, opened below the ranking."""

import pandas as pd
import streamlit as st

from udviz.figures.models import model_scores
from udviz.figures.text import safe_markdown
from udviz.ui import alt, charts, sidebar, tables, words

_KEY = "opened-label"
# Below a tall chart a person would not see that the panel opened.
_SCROLL = (
    f"<script>document.querySelector('.st-key-{_KEY}')"
    ".scrollIntoView({behavior: 'smooth', block: 'nearest'});</script>"
)


def show_label(label: pd.Series) -> None:
    """Numbers of one label for every model, its gain, its causes in words."""
    with st.container(border=True, key=_KEY):
        st.header(safe_markdown(label["label"]), anchor=False)
        st.markdown(words.about_label(label))
        scores = tables.label_scores(label)
        if scores.empty:
            st.info("No image of this split carries it, so it has no average precision.")
        else:
            _show_scores(label, scores)
        st.button("Close", icon=":material/close:", on_click=sidebar.open_label, args=(None,))
    if sidebar.just_opened():
        st.html(_SCROLL, unsafe_allow_javascript=True)


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
