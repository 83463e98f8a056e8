"""Data: what is in the data set, and which annotations look wrong?"""

import streamlit as st

from udviz.ui.data import annotated_images, co_occurrence, import_report, label_counts, suspects
from udviz.ui.frame import access, sidebar
from udviz.ui.frame.page import open_page

PARTS = {
    "labels": "Label frequency",
    "pairs": "Co-occurrence of labels",
    "images": "Images and their labels",
    "annotations": "Possible annotation errors",
    "import": "Import report",
}

view = open_page("Data", question="What is in the data set, and which annotations look wrong?")
opened = sidebar.pick_label(view.labels["label"].tolist())
part = st.segmented_control(
    "Show",
    list(PARTS),
    default="labels",
    required=True,
    key="part",
    bind="query-params",
    format_func=PARTS.get,
    label_visibility="collapsed",
)
st.header(PARTS[part or "labels"], anchor=False)

if part == "pairs":
    co_occurrence.show(view, opened)
elif part == "images":
    annotated_images.show(view, opened)
elif part == "annotations":
    suspects.show(view, opened, may_change=access.may_change)
elif part == "import":
    import_report.show(view)
else:
    label_counts.show(view, opened)
