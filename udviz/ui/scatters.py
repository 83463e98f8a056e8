"""Any two numbers of the labels against each other, and how closely they go together."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from udviz.figures.scatter import NUMBERS, label_scatter
from udviz.figures.text import interval, number, plural
from udviz.stats.correlation import RankCorrelation, rank_correlation
from udviz.ui import charts
from udviz.ui.sidebar import open_label

HOW_TO_READ = (
    "Each mark is a label in view; click it to open it. The interval of the correlation says how "
    "far it could move with other labels, and does not know how uncertain each number is. A link "
    "is no cause."
)
_FIRST = ("prevalence", "teacher AP")


def draw(labels: pd.DataFrame, *, opened: str | None) -> None:
    """Ask for two numbers, kept in the URL, and draw the labels by them."""
    known = [name for name, n in NUMBERS.items() if labels[n.column].notna().any()]
    with st.container(horizontal=True):
        x = _pick("Across", known, key="x", first=_FIRST[0])
        y = _pick("Upwards", known, key="y", first=_FIRST[1])
    first, second = NUMBERS[x], NUMBERS[y]
    title = f"{y[0].upper()}{y[1:]} against {x}"
    said = about(
        rank_correlation(
            labels[first.column].to_numpy(float), labels[second.column].to_numpy(float)
        )
    )
    charts.draw(
        label_scatter(labels, x=first, y=second, title=title, opened=opened),
        key="scatter",
        alt=f"{title}, one mark per label. {said.replace('*', '')}",
        on_click=open_label,
    )
    st.markdown(said)
    st.caption(HOW_TO_READ)


def about(correlation: RankCorrelation) -> str:
    """Size, interval and meaning of a rank correlation, as Markdown."""
    labels = plural(correlation.n, "label")
    if pd.isna(correlation.rho):
        return f"{labels} with too few different values: no rank correlation can be told."
    meaning = "whether they go together **cannot be told**"
    if correlation.low > 0:
        meaning = "they **rise together**"
    elif correlation.high < 0:
        meaning = "one **falls** as the other rises"
    return (
        f"Spearman's rank correlation **{number(correlation.rho, digits=2, sign=True)}** "
        f"(95 % interval {interval(correlation.low, correlation.high, digits=2, sign=True)}, "
        f"{labels}): {meaning}."
    )


def _pick(label: str, options: Sequence[str], *, key: str, first: str) -> str:
    index = options.index(first) if first in options else 0
    return st.selectbox(label, options, index=index, key=key, bind="query-params", width=240)
