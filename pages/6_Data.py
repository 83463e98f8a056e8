"""Data: what is in the data set, and which annotations look wrong?"""

import streamlit as st

from udviz.ui.data import (
    annotated_images,
    co_occurrence,
    import_report,
    label_counts,
    slices,
    suspects,
)
from udviz.ui.frame import access, sidebar
from udviz.ui.frame.page import open_page

PARTS = {
    "label frequency": "Label frequency",
    "co-occurrence": "Co-occurrence of labels",
    "slices": "Slices: sites, cameras, annotators",
    "images": "Images and their labels",
    "annotation errors": "Possible annotation errors",
    "import report": "Import report",
}

view = open_page("Data", question="What is in the data set, and which annotations look wrong?")
opened = sidebar.pick_label(view.labels["label"].tolist())
part = st.segmented_control(
    "Show",
    list(PARTS),
    default=next(iter(PARTS)),
    required=True,
    key="part",
    bind="query-params",
)
st.header(PARTS[part or next(iter(PARTS))], anchor=False)


def show() -> None:
    """The chosen part."""
    if part == "co-occurrence":
        co_occurrence.show(view, opened)
    elif part == "slices":
        slices.show(view, opened)
    elif part == "images":
        annotated_images.show(view, opened)
    elif part == "annotation errors":
        suspects.show(view, opened, may_change=access.may_change)
    elif part == "import report":
        import_report.show(view)
    else:
        label_counts.show(view, opened)


sidebar.draw_apart(show, opened=opened)
