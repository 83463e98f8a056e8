"""Gains: which labels does distillation help, and how sure is that?"""

import streamlit as st

from udviz.figures.ranking import ranking
from udviz.figures.text import plural
from udviz.ui import alt, charts, gains, links, panel, sidebar, tables
from udviz.ui.controls import pick_page
from udviz.ui.page import open_page

view = open_page("Gains", question="Which labels does distillation help, and how sure is that?")
opened = sidebar.pick_label(view.labels["label"].tolist())
if not view.has_gains:
    st.info(gains.NO_STUDENT)
    st.page_link(links.DIFFICULTY, label="All labels, hardest first", icon=":material/sort:")
    st.stop()

known = view.labels[view.labels["gain"].notna()]
st.markdown(gains.summary(known, view.gain))

labels = gains.pick_labels(known)
st.caption(f"{len(labels):,} of {plural(len(known), 'label')} with a gain")
if labels.empty:
    st.info("No label has this verdict. Clear the filter to see labels again.")
    st.stop()

on_page = pick_page(labels)
charts.draw(
    ranking(
        on_page,
        all_labels=view.labels,
        panels=("gain",),
        title="Gain of the labels in view, with its 95 % interval",
        opened=opened,
    ),
    key="forest",
    alt=alt.gains(on_page),
    on_click=sidebar.open_label,
)
st.caption(gains.HOW_TO_READ_FOREST)

if opened is not None:
    panel.show_label(view.labels[view.labels["label"] == opened].iloc[0])

st.header("The same as a table", anchor=False)
table = gains.with_gap(labels, view.study)
gains.draw_table(table, opened=opened, key="table")
st.caption(gains.how_to_read_table(table, n_images=int(view.models["n_images"].iloc[0])))
tables.offer_csv(
    table,
    label="Download these gains (CSV)",
    file_name=f"{view.study.path.name}-{view.split}-gains.csv",
)

st.header("Does it help difficult labels more?", anchor=False)
with st.grid(2, min_column_width=400) as grid:
    for column in gains.AGAINST:
        with grid.cell():
            gains.draw_against(known, column)
st.caption(gains.HOW_TO_READ_SCATTERS)
