"""Attention: where do teacher and student look?"""

import streamlit as st

from udviz.figures.style.text import safe_markdown
from udviz.ui.attention import attention, attention_labels, attribution, canvas, image_picker
from udviz.ui.attention import selection as subject
from udviz.ui.frame import sidebar
from udviz.ui.frame.page import open_page
from udviz.ui.labels import gallery, tables
from udviz.ui.load import analysis_rows as analysis

view = open_page("Attention", question="Where do teacher and student look?")
opened = sidebar.pick_label(view.labels["label"].tolist())
versions, problems = subject.collect(view)
analysis.explain_incomplete(view.study, problems)
if not versions:
    st.stop()

choice = image_picker.choose(versions, opened)
one = subject.subject_of(view, versions, choice.place, opened)
drawing = canvas.pick_canvas(one)
attention.show_maps(one, drawing)
attribution.show_kinds(one, drawing)

st.header(f"What speaks for {safe_markdown(one.label)}", anchor=False)
attribution.show_evidence(one, drawing)

st.header("Labels of this image", anchor=False)
attention.draw_targets(one, opened=opened)
tables.offer_csv(
    attention.targets_table(one),
    label="Download these labels (CSV)",
    file_name=f"{view.study.path.name}-{view.split}-{one.row}.csv",
)

st.header("Images to look at", anchor=False)
gallery.draw(
    choice.listed,
    one.source,
    caption=choice.caption,
    key="images",
    label=opened,
)

st.header("Do labels gain where the models look alike?", anchor=False)
known = attention_labels.collect(view)
analysis.explain_incomplete(view.study, known.problems)
if known.notes:
    st.info(" ".join(known.notes))
attention_labels.draw(
    known.labels, opened=opened, file_name=f"{view.study.path.name}-{view.split}-attention.csv"
)
