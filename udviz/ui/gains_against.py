"""Do difficult or uncertain labels gain more? Scatter plots of gains and their correlation."""

import pandas as pd
import streamlit as st

from udviz.figures.panels import gain_title
from udviz.figures.scatter import gain_scatter
from udviz.figures.text import interval, number, plural
from udviz.stats.correlation import RankCorrelation, rank_correlation
from udviz.ui import charts
from udviz.ui.comparison import Comparison
from udviz.ui.sidebar import open_label

HOW_TO_READ_SCATTERS = (
    "Each mark is a label with enough positives; click it to open it. The interval of the "
    "correlation says how far it could move with other labels, and does not know how uncertain "
    "each gain is. A link is no cause: an easy label, for one, has little room to gain."
)
BY_CONSTRUCTION = (
    "Difficulty and disagreement are measured on the teacher, which is one of the two models "
    "compared here: a link with this gain would be there by construction, so it is not drawn."
)
AGAINST = {  # column, and what its axis says
    "difficulty": "Difficulty for the teacher, higher is harder",
    "disagreement": "Mean disagreement of the teacher, nats",
}


def show(comparison: Comparison) -> None:
    """Draw the gains against what the teacher says of the labels."""
    if "teacher" in (comparison.before.name, comparison.after.name):
        st.info(BY_CONSTRUCTION)
        return
    with st.grid(2, min_column_width=400) as grid:
        for column in AGAINST:
            with grid.cell():
                draw_against(comparison, column)
    st.caption(HOW_TO_READ_SCATTERS)


def draw_against(comparison: Comparison, column: str) -> None:
    """Gain against one number of the labels with enough positives, and their correlation."""
    labels = comparison.known
    trusted = labels[labels["supported"].fillna(value=True).astype(bool)]
    correlation = rank_correlation(trusted[column].to_numpy(float), trusted["gain"].to_numpy(float))
    if not correlation.n:
        st.info(f"No label with enough positives has both a gain and a {column} of the teacher.")
        return
    said = about_correlation(correlation, column)
    title = f"Gain against {column}"
    figure = gain_scatter(
        trusted,
        against=column,
        axis_title=AGAINST[column],
        gain_title=gain_title(comparison.before.name, comparison.after.name),
        title=title,
    )
    alt = f"{title}, {comparison.pair}, one mark per label. {said.replace('*', '')}"
    charts.draw(figure, key=f"gain-{column}", alt=alt, on_click=open_label)
    st.markdown(said)


def about_correlation(correlation: RankCorrelation, column: str) -> str:
    """Size, interval and meaning of the rank correlation of gain with ``column``, as Markdown."""
    labels = plural(correlation.n, "label")
    if pd.isna(correlation.rho):
        return f"{labels} with too few different values: no rank correlation can be told."
    meaning = f"whether labels with more {column} gain more **cannot be told**"
    if correlation.low > 0:
        meaning = f"labels with more {column} gain **more**"
    elif correlation.high < 0:
        meaning = f"labels with more {column} gain **less**"
    return (
        f"Spearman's rank correlation **{number(correlation.rho, digits=2, sign=True)}** "
        f"(95 % interval {interval(correlation.low, correlation.high, digits=2, sign=True)}, "
        f"{labels}): {meaning}."
    )
