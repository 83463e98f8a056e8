"""Any two numbers of the labels against each other, and how closely they go together."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from udviz.figures.labels.scatter import NUMBERS, Number, label_scatter
from udviz.figures.style.text import interval, number, plural
from udviz.stats.inference.correlation import RankCorrelation, rank_correlation
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label

HOW_TO_READ = (
    "Each mark is a label in view; click it to open it. The interval of the correlation says how "
    "far it could move with other labels, and does not know how uncertain each number is. A link "
    "is no cause."
)
HOW_TO_READ_GAINS = (
    "Each mark is a label with enough positives; click it to open it. The interval of the "
    "correlation says how far it could move with other labels, and does not know how uncertain "
    "each gain is. A link is no cause: an easy label, for one, has little room to gain."
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
    said = about(_correlation(labels, first, second))
    charts.draw(
        label_scatter(labels, x=first, y=second, title=title, opened=opened),
        key="scatter",
        alt=f"{title}, one mark per label. {said.replace('*', '')}",
        on_click=open_label,
    )
    st.markdown(said)
    st.caption(HOW_TO_READ)


def draw_gain_against(
    labels: pd.DataFrame, against: Number, *, gain: Number, thing: str, pair: str
) -> None:
    """Draw the gain of the labels with enough positives against one of their numbers.

    Args:
        labels: One row per label.
        against: Number on the x axis.
        gain: Number on the y axis.
        thing: What a label has more of, e.g. ``difficulty``.
        pair: Which two models the gain is between, in words.
    """
    trusted = labels[labels["supported"].fillna(value=True).astype(bool)]
    correlation = _correlation(trusted, against, gain)
    if not correlation.n:
        st.info(f"No label with enough positives has both a gain and a value of: {thing}.")
        return
    said, title = about_gain(correlation, thing), f"Gain against {thing}"
    charts.draw(
        label_scatter(trusted, x=against, y=gain, title=title),
        key=f"gain-{against.column}",
        alt=f"{title}, {pair}, one mark per label. {said.replace('*', '')}",
        on_click=open_label,
    )
    st.markdown(said)


def about(correlation: RankCorrelation) -> str:
    """Size, interval and meaning of a rank correlation, as Markdown."""
    return _told(
        correlation,
        rising="they **rise together**",
        falling="one **falls** as the other rises",
        open_="whether they go together **cannot be told**",
    )


def about_gain(correlation: RankCorrelation, thing: str) -> str:
    """Size, interval and meaning of the rank correlation of gain with ``thing``, as Markdown."""
    return _told(
        correlation,
        rising=f"labels with more {thing} gain **more**",
        falling=f"labels with more {thing} gain **less**",
        open_=f"whether labels with more {thing} gain more **cannot be told**",
    )


def _correlation(labels: pd.DataFrame, first: Number, second: Number) -> RankCorrelation:
    return rank_correlation(
        labels[first.column].to_numpy(float), labels[second.column].to_numpy(float)
    )


def _told(correlation: RankCorrelation, *, rising: str, falling: str, open_: str) -> str:
    labels = plural(correlation.n, "label")
    if pd.isna(correlation.rho):
        return f"{labels} with too few different values: no rank correlation can be told."
    meaning = rising if correlation.low > 0 else falling if correlation.high < 0 else open_
    return (
        f"Spearman's rank correlation **{number(correlation.rho, digits=2, sign=True)}** "
        f"(95 % interval {interval(correlation.low, correlation.high, digits=2, sign=True)}, "
        f"{labels}): {meaning}."
    )


def _pick(label: str, options: Sequence[str], *, key: str, first: str) -> str:
    index = options.index(first) if first in options else 0
    return st.selectbox(label, options, index=index, key=key, bind="query-params", width=240)
