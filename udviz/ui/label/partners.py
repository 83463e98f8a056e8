"""The part of the Label page on confusions: beside which labels is it wrongly seen?"""

import pandas as pd
import streamlit as st

from udviz.figures.labels.confusions import confusions
from udviz.figures.style.text import number, one_line, safe_html, safe_markdown, shorten
from udviz.stats.difficulty.confusions import LEAST_LIFT, LEAST_SHARE
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.study import StudyError

NONE_FOUND = (
    "No label pair meets the criterion, in either direction: a false-positive rate at least "
    f"{LEAST_LIFT:g} times as high beside the other label, beyond what chance explains, and at "
    f"least {LEAST_SHARE:.0%} of all false positives."
)
_COLUMNS = [
    *("split", "label", "partner", "false_positives", "chances", "rate", "rate_without"),
    *("lift", "lift_low", "lift_high"),
]


def how_to_read(reference: str) -> str:
    """How to read the pairs, judged by the model called ``reference``, as Markdown."""
    return (
        f"Judged by {safe_markdown(reference)}, which here predicts a label on as many images as "
        "carry it. Left: its false-positive rate where the other label is present (filled) and "
        "absent (open). Right: their ratio, with an interval that holds for all pairs of labels at "
        "once; at 1 the other label does not matter. Click a row to open that label."
    )


def show(view: View, label: str) -> None:
    """Draw both sides of the look-alikes of a label, or say why there are none."""
    st.header("Which labels is it confused with?", anchor=False)
    try:
        pairs = analysis_rows(
            view.study, "confusions", columns=_COLUMNS, where=(("split", (view.split,)),)
        )
    except StudyError as error:
        explain_missing(view.study, str(error))
        return
    beside, wrongly = pairs[pairs["label"] == label], pairs[pairs["partner"] == label]
    if beside.empty and wrongly.empty:
        st.info(NONE_FOUND)
        return
    name = shorten(label)
    _draw(view, beside, "partner", f"Labels beside which {name} is wrongly seen")
    _draw(view, wrongly, "label", f"Labels wrongly seen beside {name}")
    st.caption(how_to_read(view.reference))


def _draw(view: View, pairs: pd.DataFrame, names: str, title: str) -> None:
    if not pairs.empty:
        charts.draw(
            confusions(
                pairs, names=names, style=view.styles[view.reference], title=safe_html(title)
            ),
            key=f"confusions-{names}",
            alt=f"{title}: {_told(pairs, names)}.",
            on_click=open_label,
        )


def _told(pairs: pd.DataFrame, names: str) -> str:
    return "; ".join(
        f"{one_line(pair[names])}, false-positive rate {number(pair['rate'])} against "
        f"{number(pair['rate_without'])}"
        for _, pair in pairs.iterrows()
    )
