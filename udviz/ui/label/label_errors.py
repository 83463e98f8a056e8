"""The part of the Label page on uncertainty: does it predict this label's errors?"""

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.calibration.risk_coverage import risk_coverage_curves
from udviz.figures.style.text import number, one_line, plural, safe_html, shorten
from udviz.stats.uncertainty.error_detection import RiskCoverage, error_detection, risk_coverage
from udviz.ui.frame import charts
from udviz.ui.frame.view import View
from udviz.ui.label.label_models import LabelModel
from udviz.ui.labels import tables
from udviz.ui.labels.sentences import noun

HOW_TO_READ = (
    "The error rate among the images the model is most certain of. A curve below the dotted line "
    "(the error rate of all images) means that uncertainty predicts errors; none can be below the "
    "*oracle ordering*, which puts all errors last. AUROC: how often an error is less certain than "
    "a right decision; 0.5 is random. AP: average precision of finding errors; their rate is "
    "random. Share of the ideal AURC gain: 1 for the oracle ordering, 0 where uncertainty says "
    "nothing, below 0 where it misleads."
)
NO_BRANCH = " This model has no calibration branch, so it has no disagreement."


def show(view: View, label: str, model: LabelModel, threshold: float) -> None:
    """Draw risk against coverage of each measure, and how well it detects errors."""
    style, named = view.styles[model.name], noun(view, model.name)
    st.header("Does uncertainty predict errors?", anchor=False)
    errors = model.errors(threshold)
    known = errors >= 0
    wrong = errors[known] == 1
    if wrong.all() or not wrong.any():
        st.info(
            f"At a threshold of {number(threshold)} {named} is "
            f"{'wrong' if wrong.any() else 'right'} on all {plural(wrong.size, 'image')}, so no "
            "error stands out. Another threshold or model may have some."
        )
        return
    measures = model.uncertainties(threshold)
    curves = {name: risk_coverage(value[known], wrong) for name, value in measures.items()}
    oracle = risk_coverage(wrong.astype(float), wrong)
    table = detection_table(measures, errors)
    with st.grid(2, min_column_width=440) as grid:
        with grid.cell():
            charts.draw(
                risk_coverage_curves(
                    curves,
                    oracle,
                    style=style,
                    title=f"{style.html}: risk and coverage of {safe_html(shorten(label))}",
                ),
                key="risk-coverage",
                alt=_alt(label, curves, oracle),
            )
        with grid.cell():
            st.markdown(
                f"{named[0].upper()}{named[1:]} is wrong on **{wrong.sum():,}** of "
                f"{plural(wrong.size, 'image')} at a threshold of {number(threshold)}."
            )
            tables.draw(table, key="error-detection", alt="Measures of uncertainty")
            branch = "" if "disagreement" in measures else NO_BRANCH
            st.caption(HOW_TO_READ + branch)


def detection_table(measures: dict[str, np.ndarray], errors: np.ndarray) -> pd.DataFrame:
    """How well each measure finds the errors of one label, as text, one row per measure."""
    rows = []
    for name, value in measures.items():
        found = error_detection(value[:, None], errors[:, None], label_names=[name]).iloc[0]
        rows.append(
            {
                "Measure": name,
                "AUROC": number(found["auroc"]),
                "AP": number(found["average_precision"]),
                "Error rate": number(found["error_rate"]),
                "Share of the ideal AURC gain": number(found["aurc_gain"]),
            }
        )
    return pd.DataFrame(rows).set_index("Measure")


def _alt(label: str, curves: dict[str, RiskCoverage], oracle: RiskCoverage) -> str:
    areas = ", ".join(f"{name} {number(curve.area)}" for name, curve in curves.items())
    return (
        f"Error rate on {one_line(label)} among the most certain images, mean over all shares "
        f"kept: {areas}; {number(oracle.area_oracle)} with the oracle ordering, "
        f"{number(oracle.area_random)} if uncertainty said nothing."
    )
