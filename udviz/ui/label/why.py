"""The part of the Label page on causes: what was measured, what it would take, in numbers."""

import pandas as pd
import streamlit as st

from udviz.figures.labels.causes import split_causes
from udviz.figures.labels.evidence import cause_strips
from udviz.figures.style.text import (
    count,
    number,
    one_line,
    p_equals,
    safe_html,
    safe_markdown,
    shorten,
    times_as_frequent,
)
from udviz.stats.difficulty.measures import COUNTED_BELOW, cause_measures
from udviz.ui.frame import charts
from udviz.ui.frame.view import View
from udviz.vocabulary import CAUSES

HOW_TO_READ = (
    "Diamond: this label; ticks: the other labels; dashed: the level from which on it counts as a "
    "cause, beyond chance. Small values count for rare, small and occluded, large ones for the "
    "others. Causes in **bold** were found. A cause is what goes along with difficulty in these "
    "data: correlation is not causation."
)


def show(view: View, label: pd.Series) -> None:
    """Draw every cause that was measured, and say what was found and what was not."""
    st.header("Why is this label difficult?", anchor=False)
    measures = cause_measures(view.labels)
    own = measures[measures["label"] == label["label"]].set_index("cause")
    with st.grid(2, min_column_width=440) as grid:
        with grid.cell():
            if own["value"].notna().any():
                charts.draw(
                    cause_strips(
                        measures,
                        label=label["label"],
                        title=f"Measured causes of {safe_html(shorten(label['label']))}",
                    ),
                    key="causes",
                    alt=_alt(own, label["label"]),
                )
                st.caption(HOW_TO_READ)
        with grid.cell():
            st.markdown(in_words(label, own))


def in_words(label: pd.Series, own: pd.DataFrame) -> str:
    """Causes found and not found in a label with their numbers, as Markdown.

    Args:
        label: Row of the table ``labels``.
        own: Its rows of `cause_measures`, by cause.
    """
    found = split_causes(label["causes"])
    rows = {str(cause): row for cause, row in own.iterrows()}
    parts = [
        f"- **{cause}**: {evidence(cause, label, rows[cause])}"
        for cause in CAUSES
        if cause in found
    ]
    absent = [
        f"- {cause}: {evidence(cause, label, rows[cause])}"
        for cause in CAUSES
        if cause not in found
    ]
    text = "\n".join(parts) if parts else "None of the known causes was found for this label."
    return f"{text}\n\nLooked for and not found:\n\n" + "\n".join(absent) if absent else text


def evidence(cause: str, label: pd.Series, own: pd.Series) -> str:
    """What was measured of one cause in one label, and from which level on it counts."""
    if pd.isna(own["value"]):
        return _UNKNOWN[cause]
    value, level = own["value"], own["level"]
    if cause == "rare":
        where = "training images" if label["train_positives"] >= 0 else "images"
        return f"{count(value)} {where} carry it; fewer than {number(level, digits=0)} are rare."
    if cause == "confused":
        first = safe_markdown(label["partners"].split(", ")[0])
        return (
            f"beside {first} its false positives are "
            f"{times_as_frequent(value, own['low'], own['high'])}; "
            f"{label['partner_share']:.0%} of them lie there."
        )
    if cause == "missing annotations":
        q = label["suspect_q"]
        tested = "not tested" if pd.isna(q) else f"q {p_equals(q)}"
        return (
            f"of the images the model is most certain of, {count(label['surest_unmarked'])} are "
            f"not labelled where {number(label['surest_expected'], digits=1)} are expected, beside "
            f"{count(label['surest_marked'])} labelled ones ({tested})."
        )
    if cause == "miscalibrated":
        way = "overconfident" if label["spiegelhalter_z"] > 0 else "underconfident"
        return (
            f"its ECE is {number(label['ece_excess'], sign=True)} above that of a calibrated "
            f"model, {_percent(value)} of its prevalence (counts from {level:.0%}); {way}, "
            f"Z = {number(label['spiegelhalter_z'], digits=1, sign=True)} "
            f"(q {p_equals(label['miscalibration_q'])})."
        )
    if cause == "uncertain":
        return (
            f"recalibrated, the model keeps {value:.0%} of the entropy of always stating the "
            f"prevalence (counts from {level:.0%})."
        )
    what = "its largest object covers" if cause == "small" else "its most visible object shows"
    digits = ".1%" if cause == "small" else ".0%"
    return f"{what} {value:{digits}} in the median (counts below {level:.0%})."


def _percent(share: float) -> str:
    return f"{number(100 * share, digits=0)} %"


_UNKNOWN = {
    "rare": "the positives are not known.",
    "confused": "no label beside which it is clearly and often enough wrongly seen.",
    "missing annotations": "too few labelled images among those the model is most certain of.",
    "miscalibrated": "not measured: no image says whether it carries the label.",
    "uncertain": "not measured: no image says whether it carries the label.",
    "small": "the data set marks no objects.",
    "occluded": "the data set does not say how visible objects are.",
}


def _alt(own: pd.DataFrame, label: str) -> str:
    told = "; ".join(
        f"{cause} {number(row['value'])}, {'below' if cause in COUNTED_BELOW else 'from'} "
        f"{number(row['level'])} on a cause"
        for cause, row in own.iterrows()
        if pd.notna(row["value"])
    )
    return f"Measured causes of {one_line(label)}: {told}."
