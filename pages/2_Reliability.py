"""Reliability: are the probabilities calibrated, label by label?"""

import streamlit as st

from udviz.figures.calibration.reliability_grid import reliability_grid
from udviz.ui.frame import charts, sidebar
from udviz.ui.frame.page import open_page
from udviz.ui.load import analysis_rows as analysis
from udviz.ui.reliability import parameters, reliability, reliability_tables

view = open_page("Reliability", question="Are the probabilities calibrated, label by label?")
opened = sidebar.pick_label(view.labels["label"].tolist())


def show() -> None:
    """Everything that moves with the models, bins and recalibration."""
    evidence = reliability.collect(view, reliability.pick(view))
    analysis.explain_incomplete(view.study, evidence.problems)
    if evidence.models or not evidence.rows.empty:
        reliability.show_label(view, evidence, opened)
        parameters.offer(view, evidence.models)
    if evidence.rows.empty:
        return

    model = evidence.rows["model"].iloc[0]
    labels = reliability_tables.label_table(evidence.rows)
    worst = reliability_tables.worst(labels, model)
    st.header("Most miscalibrated labels", anchor=False)
    if worst.empty:
        st.info("No label's ECE exceeds that of a calibrated model.")
    elif model in evidence.models:
        charts.draw(
            reliability_grid(
                {label: evidence.models[model].bins(label) for label in worst["label"]},
                worst,
                style=view.styles[model],
                title=f"{view.styles[model].html}: most miscalibrated labels",
                opened=opened,
            ),
            key="worst",
            alt=reliability_tables.alt_worst(worst, view.styles[model].word),
            on_click=sidebar.open_label,
        )
        st.caption(reliability_tables.HOW_TO_READ_WORST)

    st.header("All labels", anchor=False)
    reliability_tables.draw_labels(
        labels, styles=view.styles, opened=opened, file_name=view.file_name("reliability.csv")
    )


sidebar.draw_apart(show, opened=opened)
