"""Difficulty: which labels are hardest, why, and which are most worth fixing?"""

import streamlit as st

from udviz.figures.labels.ranking import ranking
from udviz.figures.style.text import plural
from udviz.ui.advice import worth_fixing
from udviz.ui.frame import alt, charts, sidebar
from udviz.ui.frame.page import open_page
from udviz.ui.labels import panel, scatters, sentences, tables
from udviz.ui.labels.controls import pick_labels, pick_page

view = open_page(
    "Difficulty",
    question="Which labels are hardest, why, and which are most worth fixing?",
    compares=True,
)
opened = sidebar.pick_label(view.labels["label"].tolist())
st.caption(sentences.whose_difficulty(view))


def show() -> None:
    """Everything that moves with the filters."""
    labels = pick_labels(view)
    st.caption(f"{len(labels):,} of {plural(len(view.labels), 'label')}")
    if labels.empty:
        st.info("No label fits these filters. Clear one of them to see labels again.")
        return

    on_page = pick_page(labels)
    charts.draw(
        ranking(
            view.rows(on_page),
            panels=("rank", "average precision", "causes"),
            title="Difficulty, AP and possible causes per label",
            opened=opened,
        ),
        key="ranking",
        alt=alt.ranking(on_page),
        on_click=sidebar.open_label,
    )
    st.caption(sentences.HOW_TO_READ_RANKING)
    if shared := sentences.shared_in_words(view.labels):
        st.caption(shared)

    if opened is not None:
        panel.show_label(view, view.label(opened))

    worth_fixing.show(view, labels, opened=opened)

    st.header("Compare two measures", anchor=False)
    scatters.draw(labels, view, opened=opened)

    st.header("Table", anchor=False)
    tables.draw_labels(labels, view, opened=opened, key="table")


sidebar.draw_apart(show, opened=opened)
