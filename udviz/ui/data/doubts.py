"""What people's marks say of the doubts: how often a doubted target was really wrong."""

import pandas as pd
import streamlit as st

from udviz.figures.labels.review_precision import precision_of_doubts as precision_chart
from udviz.figures.style.text import interval, number, one_line
from udviz.stats.label_errors.review_precision import precision_of_doubts
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label

N_DRAWN = 40  # labels
HOW_TO_READ_PRECISION = (
    "Of the doubts that were decided (wrong or right; unsure ones are left out), the share that "
    "were wrong targets, with its 95 % Wilson interval. It speaks of the targets reviewed so far: "
    "these are usually the most suspect ones, so expect less of the rest."
)
_PRECISION = {
    "label": "Label",
    "share": "Share wrong",
    "low": "Low",
    "high": "High",
    "wrong": "Wrong",
    "right": "Right",
    "unsure": "Unsure",
    "reviewed": "Reviewed",
    "doubted": "Doubted",
}


def show(suspects: pd.DataFrame) -> None:
    """How many of the doubts that people decided were right to doubt, per label.

    Args:
        suspects: One row per doubted target: ``label`` and ``verdict``, NaN where there is none.
    """
    st.header("How often was the doubt right?", anchor=False)
    table = precision_of_doubts(
        suspects["label"].tolist(),
        suspects["verdict"].where(suspects["verdict"].notna(), None).tolist(),
    )
    decided = table[table["share"].notna()].sort_values("share", ascending=False, kind="stable")
    if decided.empty:
        st.info("Mark some targets as wrong or right, and this says how often the doubt was right.")
        return
    on_page = decided.head(N_DRAWN)
    with st.grid(2, min_column_width=400) as grid:
        with grid.cell():
            charts.draw(
                precision_chart(on_page, title="Doubted targets that were really wrong"),
                key="precision",
                alt=_alt(on_page),
                on_click=open_label,
            )
        with grid.cell():
            st.dataframe(
                decided[list(_PRECISION)].rename(columns=_PRECISION),
                hide_index=True,
                alt="How often the doubt was right, one row per label",
                column_config={
                    heading: st.column_config.NumberColumn(format="%.2f")
                    for heading in ("Share wrong", "Low", "High")
                },
            )
    st.caption(HOW_TO_READ_PRECISION)


def _alt(decided: pd.DataFrame) -> str:
    told = "; ".join(
        f"{one_line(row['label'])} {number(row['share'], digits=2)} "
        f"({interval(row['low'], row['high'], digits=2)})"
        for _, row in decided.iterrows()
    )
    return f"Share of the decided doubts that were wrong targets, per label: {told}."
