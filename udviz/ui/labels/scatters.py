"""Any two numbers of the labels against each other, and how closely they go together."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from udviz.figures.labels.scatter import Number, label_scatter, numbers_of
from udviz.figures.style.text import interval, number, one_line, plural, safe_html
from udviz.stats.inference.correlation import RankCorrelation, rank_correlation
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
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
    said = about(_correlation(rows, first, second))
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
    correlation = _correlation(supported, against, gain)
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


def about(correlation: RankCorrelation) -> str:
    """Size, interval and meaning of a rank correlation, as Markdown."""
    return _told(
        correlation,
        rising="they **rise together**",
        falling="one **falls** as the other rises",
        open_="**no clear correlation**",
    )


def about_gain(correlation: RankCorrelation, thing: str) -> str:
    """Size, interval and meaning of the rank correlation of gain with ``thing``, as Markdown."""
    return _told(
        correlation,
        rising=f"labels with more {thing} gain **more**",
        falling=f"labels with more {thing} gain **less**",
        open_="**no clear correlation**",
    )


def _correlation(labels: pd.DataFrame, first: Number, second: Number) -> RankCorrelation:
    return rank_correlation(
        labels[first.column].to_numpy(float), labels[second.column].to_numpy(float)
    )


def _told(correlation: RankCorrelation, *, rising: str, falling: str, open_: str) -> str:
    labels = plural(correlation.n, "label")
    if pd.isna(correlation.rho):
        return f"{labels} with too few different values: no rank correlation."
    meaning = rising if correlation.low > 0 else falling if correlation.high < 0 else open_
    return (
        f"Spearman's rank correlation **{number(correlation.rho, digits=2, sign=True)}** "
        f"(95 % interval {interval(correlation.low, correlation.high, digits=2, sign=True)}, "
        f"{labels}): {meaning}."
    )


def _pick(label: str, options: Sequence[str], *, key: str, first: str) -> str:
    index = options.index(first) if first in options else 0
    return st.selectbox(label, options, index=index, key=key, bind="query-params", width=240)
