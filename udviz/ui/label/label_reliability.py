"""The part of the Label page on its probabilities."""

from collections.abc import Mapping

import streamlit as st

from udviz.figures.calibration.reliability import reliability_diagram
from udviz.figures.style.text import safe_html, shorten
from udviz.ui.frame import alt, charts, links
from udviz.ui.frame.view import View
from udviz.ui.label.label_models import LabelModel
from udviz.ui.load.caches import label_bins
from udviz.ui.reliability.reliability import HOW_TO_READ


def show(view: View, label: str, models: Mapping[str, LabelModel]) -> None:
    """Draw the reliability of all models before any recalibration."""
    st.header("Are the probabilities calibrated?", anchor=False)
    bins = {
        name: label_bins(model.version, model.version, label, method="none", kind="width")
        for name, model in models.items()
    }
    charts.draw(
        reliability_diagram(
            bins, view.styles, thing="images", title=f"Reliability of {safe_html(shorten(label))}"
        ),
        key="reliability",
        alt=alt.reliability(bins, label, styles=view.styles),
    )
    st.caption(HOW_TO_READ)
    links.to_reliability(label, text="Recalibrate it")
