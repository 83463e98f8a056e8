"""What reviews say of the possible annotation errors: how many of them are errors, per label."""

import pandas as pd
import streamlit as st

from udviz.figures.labels.review_precision import precision_intervals
from udviz.figures.style.text import interval, number, one_line
from udviz.stats.label_errors.review_precision import review_precision
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label
from udviz.ui.labels import tables

N_DRAWN = 40  # labels
NOTHING_DECIDED = (
    "Review some targets as *change label* or *keep label* to see the share of confirmed errors."
)
HOW_TO_READ = (
    "Share of the decided targets (*change label* or *keep label*; *unsure*, and where reviewers "
    "differ, is left out) that are annotation errors, with its 95 % Wilson interval. It describes "
    "the targets reviewed so far, usually the most suspicious ones; expect a lower share among the "
    "rest."
)
_HEADS = {
    "label": "Label",
    "precision": "Confirmed",
    "low": "Confirmed, low",
    "high": "Confirmed, high",
    "wrong": "Change label",
    "right": "Keep label",
    "unsure": "Unsure",
    "reviewed": "Reviewed",
    "suspects": "Possible errors",
}


def show(suspects: pd.DataFrame) -> None:
    """How many of the possible errors that people decided are errors, per label.

    Args:
        suspects: One row per possible error: ``label`` and ``said`` by all reviewers, NaN where
            nobody has looked.
    """
    st.header("Confirmed errors per label", anchor=False)
    table = review_precision(
        suspects["label"].tolist(),
        suspects["said"].where(suspects["said"].notna(), None).tolist(),
    )
    decided = table[table["precision"].notna()].sort_values(
        "precision", ascending=False, kind="stable"
    )
    if decided.empty:
        st.info(NOTHING_DECIDED)
        return
    on_page = decided.head(N_DRAWN)
    with st.grid(2, min_column_width=400) as grid:
        with grid.cell():
            charts.draw(
                precision_intervals(on_page, title="Confirmed annotation errors"),
                key="precision",
                alt=_alt(on_page),
                on_click=open_label,
            )
        with grid.cell():
            shown = decided[list(_HEADS)].rename(columns=_HEADS)
            tables.draw(
                shown,
                key="precision-table",
                alt="Confirmed annotation errors, one row per label",
                formats=_shares(shown),
            )
    st.caption(HOW_TO_READ)


def _shares(table: pd.DataFrame) -> dict[str, object]:
    return {
        head: st.column_config.NumberColumn(format="%.2f", help=tables.meaning_of(head))
        for head in table.columns
        if head.startswith("Confirmed")
    }


def _alt(decided: pd.DataFrame) -> str:
    told = "; ".join(
        f"{one_line(row['label'])} {number(row['precision'], digits=2)} "
        f"({interval(row['low'], row['high'], digits=2)})"
        for _, row in decided.iterrows()
    )
    return f"Confirmed errors, share of the decided targets of each label: {told}."
