"""Any two numbers of the labels against each other, and how closely they go together."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from udviz.figures.labels.scatter import Number, label_scatter, numbers_of
from udviz.figures.style.text import one_line, safe_html
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.labels.correlation import about, about_gain, correlation_of
from udviz.ui.labels.text_tables import with_scores

HOW_TO_READ = (
    "Each mark is a label in view; click it to open it. The interval of the correlation is the "
    "range expected with other labels; it does not know how uncertain each number is. Correlation "
    "is not causation."
)
HOW_TO_READ_GAINS = (
    "Each mark is a label with enough positives; click it to open it. The interval of the "
    "correlation is the range expected with other labels; it does not know how uncertain each gain "
    "is. Correlation is not causation: an easy label, for one, has little room to gain."
)


def draw(labels: pd.DataFrame, view: View, *, opened: str | None) -> None:
    """Ask for two numbers, kept in the URL, and draw the labels by them."""
    rows = with_scores(labels, view.scores, view.names)
    numbers = numbers_of(view.names, reference=view.reference, pair=view.pair)
    known = [
        name for name, n in numbers.items() if n.column in rows and rows[n.column].notna().any()
    ]
    with st.container(horizontal=True):
        x = _pick("x axis", known, key="x", first="prevalence")
        y = _pick("y axis", known, key="y", first=f"AP of {view.reference}")
    first, second = numbers[x], numbers[y]
    title = f"{y[0].upper()}{y[1:]} against {x}"
    said = about(correlation_of(rows, first, second))
    charts.draw(
        label_scatter(
            rows, view.hover(rows), x=first, y=second, title=safe_html(title), opened=opened
        ),
        key="scatter",
        alt=f"{title}, one mark per label. {said.replace('*', '')}",
        on_click=open_label,
    )
    st.markdown(said)
    st.caption(HOW_TO_READ)


def draw_gain_against(
    labels: pd.DataFrame,
    hover: Mapping[str, str],
    against: Number,
    *,
    gain: Number,
    thing: str,
    pair: tuple[str, str],
) -> None:
    """Draw the gain of the labels with enough positives against one of their numbers.

    Args:
        labels: One row per label.
        hover: Label -> what its mark says when the pointer rests on it.
        against: Number on the x axis.
        gain: Number on the y axis.
        thing: What a label has more of, e.g. ``difficulty``.
        pair: Models before and after.
    """
    supported = labels[labels["supported"]]
    correlation = correlation_of(supported, against, gain)
    if not correlation.n:
        st.info(f"No label with enough positives has both a gain and a value of: {thing}.")
        return
    said, title = about_gain(correlation, thing), f"Gain against {thing}"
    before, after = map(one_line, pair)
    charts.draw(
        label_scatter(supported, hover, x=against, y=gain, title=title),
        key=f"gain-{against.column}",
        alt=f"{title}, {after} − {before}, one mark per label. {said.replace('*', '')}",
        on_click=open_label,
    )
    st.markdown(said)


def _pick(label: str, options: Sequence[str], *, key: str, first: str) -> str:
    index = options.index(first) if first in options else 0
    return st.selectbox(label, options, index=index, key=key, bind="query-params", width=240)
