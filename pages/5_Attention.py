"""Attention: where do the models look?"""

import streamlit as st

from udviz.figures.style.text import safe_markdown
from udviz.ui.attention import (
    attention,
    attention_labels,
    attribution,
    canvas,
    image_picker,
    selection,
)
from udviz.ui.frame import sidebar
from udviz.ui.frame.page import open_page
from udviz.ui.labels import gallery
from udviz.ui.load import analysis_rows as analysis

view = open_page("Attention", question="Where do the models look?")
opened = sidebar.pick_label(view.labels["label"].tolist())
versions, problems = selection.collect(view)
analysis.explain_incomplete(view.study, problems)
if not versions:
    st.stop()

pair = selection.pick_pair(view, versions)
choice = image_picker.choose(*selection.caches_of(versions, pair), opened)
chosen = selection.select(view, versions, pair, choice.place, opened)
drawing = canvas.pick_canvas(chosen)
attention.show_maps(chosen, drawing)
attribution.show_kinds(view, chosen, drawing)

st.header(f"Evidence for {safe_markdown(chosen.label)}", anchor=False)
attribution.show_evidence(view, chosen, drawing)

st.header("Labels of this image", anchor=False)
attention.draw_targets(chosen, opened=opened, file_name=view.file_name(f"{chosen.row}.csv"))

st.header("Images", anchor=False)
gallery.draw(
    choice.listed,
    chosen.source,
    caption=choice.caption,
    key="images",
    label=opened,
)

if len(pair) == 2:
    st.header("Does attention agreement predict gain?", anchor=False)
    view = selection.with_gain_of(view, pair)
    known = attention_labels.collect(view, pair)
    analysis.explain_incomplete(view.study, known.problems)
    if known.notes:
        st.info(" ".join(known.notes))
    attention_labels.draw(view, known.labels, pair, opened=opened)
