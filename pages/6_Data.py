"""Data: what is in the data set, and which targets look wrong?"""

import streamlit as st

from udviz.ui.data import label_counts, labelled, pairs, problems, suspects
from udviz.ui.frame import access, sidebar
from udviz.ui.frame.page import open_page

PARTS = {
    "labels": "How often each label is there",
    "pairs": "Which labels go together",
    "images": "Images and their labels",
    "suspects": "Targets that look wrong",
    "reader": "What the reader reported",
}

view = open_page("Data", question="What is in the data set, and which targets look wrong?")
opened = sidebar.pick_label(view.labels["label"].tolist())
part = st.segmented_control(
    "Show", list(PARTS), default="labels", required=True, key="part", bind="query-params"
)
st.header(PARTS[part or "labels"], anchor=False)

if part == "pairs":
    pairs.show(view, opened)
elif part == "images":
    labelled.show(view, opened)
elif part == "suspects":
    suspects.show(view, opened, may_change=access.may_change)
elif part == "reader":
    problems.show(view)
else:
    label_counts.show(view, opened)
