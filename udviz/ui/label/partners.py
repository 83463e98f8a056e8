"""The part of the Label page on look-alikes: which labels does it go wrong with?"""

import pandas as pd
import streamlit as st

from udviz.figures.labels.look_alikes import look_alikes
from udviz.figures.style.text import number, one_line, safe_html, shorten
from udviz.stats.difficulty.look_alikes import LEAST_LIFT, LEAST_SHARE
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.study import StudyError

NONE_FOUND = (
    "No other label sets off false alarms of this one, and it sets off none of another: beside no "
    f"other are the teacher's false alarms {LEAST_LIFT:g} times as frequent beyond doubt and at "
    f"least {LEAST_SHARE:.0%} of them all."
)
_COLUMNS = [
    *("split", "label", "partner_label", "false_alarms", "chances", "rate", "rate_without"),
    *("lift", "low", "high"),
]
HOW_TO_READ = (
    "Judged by the teacher, which here calls a label on as many images as carry it. Left: how "
    "often it is a false alarm where the other label is present (filled) and absent (open). "
    "Right: their ratio, with an interval that holds for all pairs of labels at once; 1 would mean "
    "that the other label does not matter. Click a row to open that label."
)


def show(view: View, label: str) -> None:
    """Draw both sides of the look-alikes of a label, or say why there are none."""
    st.header("Which labels is it confused with?", anchor=False)
    try:
        pairs = analysis_rows(
            view.study, "look_alikes", columns=_COLUMNS, where=(("split", (view.split,)),)
        )
    except StudyError as error:
        explain_missing(view.study, str(error))
        return
    beside, wrongly = pairs[pairs["label"] == label], pairs[pairs["partner_label"] == label]
    if beside.empty and wrongly.empty:
        st.info(NONE_FOUND)
        return
    name = shorten(label)
    _draw(beside, "partner_label", f"Labels beside which {name} is wrongly seen")
    _draw(wrongly, "label", f"Labels wrongly seen beside {name}")
    st.caption(HOW_TO_READ)


def _draw(pairs: pd.DataFrame, names: str, title: str) -> None:
    if not pairs.empty:
        charts.draw(
            look_alikes(pairs, names=names, title=safe_html(title)),
            key=f"look-alikes-{names}",
            alt=f"{title}: {_told(pairs, names)}.",
            on_click=open_label,
        )


def _told(pairs: pd.DataFrame, names: str) -> str:
    return "; ".join(
        f"{one_line(pair[names])}, false-alarm rate {number(pair['rate'])} against "
        f"{number(pair['rate_without'])}"
        for _, pair in pairs.iterrows()
    )
