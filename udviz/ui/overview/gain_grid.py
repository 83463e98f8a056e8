"""What every comparison of the study does to every label, in one picture."""

import pandas as pd
import streamlit as st

from udviz.figures.models.gain_grid import gain_grid
from udviz.figures.style.text import interval, number, one_line
from udviz.figures.style.theme import VERDICTS, verdict_style
from udviz.ui.frame import charts, links
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.vocabulary import AVERAGE_PRECISION

MEAN = "Mean over labels"
MOST_LABELS = 40  # beyond which marks and names run into each other


def show(view: View) -> None:
    """Draw the labels by the comparisons, hardest first, where there are several comparisons."""
    gains = gains_of(view)
    n_pairs = len(gains[["before", "after"]].drop_duplicates())
    if n_pairs < 2:
        return
    labels = view.labels["label"].head(MOST_LABELS).tolist()
    st.subheader("Which labels does each student help?")
    charts.draw(
        gain_grid(
            gains,
            labels,
            title="Change of every label under every comparison, hardest label first",
        ),
        key="gain-grid",
        alt=_alt(gains, labels),
        on_click=links.open_in_gains,
    )
    cut = len(view.labels) - len(labels)
    left_out = f" The {cut:,} easier labels are in the table." if cut else ""
    st.caption(
        "Each mark is a label's gain in average precision under one comparison: up and green where "
        "it helped, down and orange where it hurt, corrected for all labels and comparisons; the "
        "larger, the larger the change. A column that is marked in one row and not in the others "
        f"is what sets that student apart. Click a mark to open it on Gains.{left_out}"
    )
    tables.draw_models(
        gain_table(gains, means_of(view), view.labels["label"].tolist()),
        key="gain-grid-table",
        alt="The same gains and their mean, a row per label and a column per comparison",
        height=320,
    )


def gains_of(view: View) -> pd.DataFrame:
    """Rows of ``comparisons`` of every label in average precision, on the split of the view."""
    return _rows(view, "label")


def means_of(view: View) -> pd.DataFrame:
    """The same of the means over labels, a row per comparison."""
    return _rows(view, "mean")


def _rows(view: View, scope: str) -> pd.DataFrame:
    rows = view.study.comparisons
    chosen = (rows["split"] == view.split) & (rows["scope"] == scope)
    return rows[chosen & (rows["metric"] == AVERAGE_PRECISION)]


def gain_table(gains: pd.DataFrame, means: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """The gains as text, a column per comparison: their mean, then ``labels`` in their order."""
    cells = pd.concat([means.assign(label=MEAN), gains])
    cells = cells.assign(
        pair=[f"{one_line(row.before)} → {one_line(row.after)}" for row in cells.itertuples()],
        told=[_told(row) for _, row in cells.iterrows()],
    )
    table = cells.pivot(index="label", columns="pair", values="told").reindex([MEAN, *labels])
    return table[cells["pair"].drop_duplicates()].rename_axis(index="Label", columns=None)


def _told(row: pd.Series) -> str:
    if pd.isna(row["gain"]):
        return ""
    told = f"{verdict_style(row['verdict']).glyph} {number(row['gain'], sign=True)}"
    if row["scope"] != "mean":
        return told
    return f"{told} ({interval(row['gain_low'], row['gain_high'], sign=True)})"


def _alt(gains: pd.DataFrame, labels: list[str]) -> str:
    drawn = gains[gains["label"].isin(labels)]
    told = [
        f"{one_line(str(before))} to {one_line(str(after))}: "
        + ", ".join(f"{(rows['verdict'] == verdict).sum()} {verdict}" for verdict in VERDICTS)
        for (before, after), rows in drawn.groupby(["before", "after"], sort=False)
    ]
    return f"Gains of {len(labels)} labels under {len(told)} comparisons. {'; '.join(told)}."
