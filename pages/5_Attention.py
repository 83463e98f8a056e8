"""Attention: where do teacher and student look?"""

import streamlit as st

from udviz.ui import gallery, sidebar
from udviz.ui.caches import predictions_of, version_of
from udviz.ui.images import source_of
from udviz.ui.page import open_page

view = open_page("Attention", question="Where do teacher and student look?")
opened = sidebar.pick_label(view.labels["label"].tolist())
run = predictions_of(version_of(view.study, "teacher", view.split))
gallery.draw(
    run.images,
    source_of(view.study, run),
    caption=lambda image: "",
    key="images",
    label=opened,
)
st.caption("Images of this split.")
