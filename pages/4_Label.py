"""Label: why is this label difficult, what could be done, and which images show it?"""

import streamlit as st

from udviz.ui.advice import label as advice
from udviz.ui.frame import sidebar
from udviz.ui.frame.page import open_page
from udviz.ui.label import (
    decisions,
    label_errors,
    label_images,
    label_models,
    label_reliability,
    partners,
    slices,
    why,
)
from udviz.ui.labels import panel
from udviz.ui.load.analysis_rows import explain_missing

view = open_page(
    "Label",
    question="Why is this label difficult, what could be done, and which images show it?",
    compares=True,
)
names = view.labels["label"].tolist()
opened = sidebar.pick_label(names)
if opened is None:
    st.caption("No label is picked, so this is the most difficult one.")
    opened = names[0]
panel.show_head(view, view.label(opened))
why.show(view, view.label(opened))
advice.show(view, view.label(opened))

evidence = label_models.collect(view, opened)
if evidence.problems:
    explain_missing(view.study, " ".join(evidence.problems))
if evidence.unknown:
    st.info("No image of this split says whether it carries this label.")


@st.fragment
def judge() -> None:
    """Everything that moves with the threshold."""
    thresholds = decisions.show(view, opened, evidence.models, charts)
    name = label_images.show(view, opened, evidence.models, thresholds)
    label_errors.show(view, opened, evidence.models[name], thresholds[name])


if evidence.models:
    charts = decisions.draw_scores(view, opened, evidence.models)
    judge()
partners.show(view, opened)
slices.show(view, opened)
if evidence.models:
    label_reliability.show(view, opened, evidence.models)
