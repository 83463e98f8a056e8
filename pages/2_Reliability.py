"""Reliability: can the probabilities be believed, label by label?"""

import streamlit as st

from udviz.figures.calibration.reliability_grid import reliability_grid
from udviz.figures.style.theme import ROLES
from udviz.ui.frame import charts, sidebar
from udviz.ui.frame.page import open_page
from udviz.ui.labels import tables
from udviz.ui.load import analysis_rows as analysis
from udviz.ui.reliability import reliability, reliability_tables

view = open_page("Reliability", question="Can the probabilities be believed, label by label?")
opened = sidebar.pick_label(view.labels["label"].tolist())
evidence = reliability.collect(view, reliability.pick())
analysis.explain_incomplete(view.study, evidence.problems)
if evidence.models or not evidence.rows.empty:
    reliability.show_label(view, evidence, opened)
if evidence.rows.empty:
    st.stop()

role = evidence.rows["role"].iloc[0]
labels = reliability_tables.label_table(evidence.rows)
worst = reliability_tables.worst(labels, role)
st.header("The worst labels", anchor=False)
if worst.empty:
    st.info("No label is further off than chance would show.")
elif role in evidence.models:
    charts.draw(
        reliability_grid(
            {label: evidence.models[role].bins(label) for label in worst["label"]},
            worst,
            role=role,
            title=f"{ROLES[role].word}: the largest errors beyond chance, worst first",
            opened=opened,
        ),
        key="worst",
        alt=reliability_tables.alt_worst(worst, role),
        on_click=sidebar.open_label,
    )
    st.caption(reliability_tables.HOW_TO_READ_WORST)

st.header("Every label as a table", anchor=False)
reliability_tables.draw_labels(labels, opened=opened)
tables.offer_csv(
    labels,
    label="Download these labels (CSV)",
    file_name=f"{view.study.path.name}-{view.split}-reliability.csv",
)
