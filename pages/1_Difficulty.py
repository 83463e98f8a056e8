"""Difficulty: which labels are hardest, and why?"""

import streamlit as st

from udviz.figures.labels.ranking import ranking
from udviz.figures.style.text import plural
from udviz.ui.frame import alt, charts, sidebar
from udviz.ui.frame.page import open_page
from udviz.ui.labels import panel, scatters, tables
from udviz.ui.labels import sentences as words
from udviz.ui.labels.controls import pick_labels, pick_page

view = open_page("Difficulty", question="Which labels are hardest, and why?")
opened = sidebar.pick_label(view.labels["label"].tolist())

labels = pick_labels(view.labels)
st.caption(f"{len(labels):,} of {plural(len(view.labels), 'label')}")
if labels.empty:
    st.info("No label fits these filters. Clear one of them to see labels again.")
    st.stop()

on_page = pick_page(labels)
charts.draw(
    ranking(
        on_page,
        all_labels=view.labels,
        panels=("rank", "average precision", "causes"),
        title="The labels in view, one row each",
        opened=opened,
    ),
    key="ranking",
    alt=alt.ranking(on_page),
    on_click=sidebar.open_label,
)
st.caption(words.HOW_TO_READ_RANKING)

if opened is not None:
    panel.show_label(view.labels[view.labels["label"] == opened].iloc[0])

st.header("Two numbers of the labels", anchor=False)
scatters.draw(labels, opened=opened)

st.header("The same as a table", anchor=False)
tables.draw_labels(labels, opened=opened, key="table")
tables.offer_csv(
    labels,
    label="Download these labels (CSV)",
    file_name=f"{view.study.path.name}-{view.split}-labels.csv",
)
