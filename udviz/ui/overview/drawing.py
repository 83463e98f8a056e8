"""The parts of the Overview on what comparisons do to labels, and to false positives."""

import streamlit as st

from udviz.export.figures import charts as drawn
from udviz.ui.frame import charts, links
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.overview import false_positives, gain_grid


def show_gain_grid(view: View) -> None:
    """Draw the labels by the comparisons, hardest first, where there are several comparisons."""
    chart = drawn.gains_of_comparisons(view)
    if chart is None:
        return
    st.subheader("Which labels does each student help?")
    charts.draw(chart.figure, key=chart.name, alt=chart.alt, on_click=links.open_in_gains)
    cut = len(view.labels) - gain_grid.MOST_LABELS
    left_out = f" The {cut:,} easier labels are in the table." if cut > 0 else ""
    st.caption(
        "Each mark is a label's gain in average precision under one comparison: up and green where "
        "it helped, down and orange where it hurt, corrected for all labels and comparisons; the "
        "larger, the larger the change. A column that is marked in one row and not in the others "
        f"is what sets that student apart. Click a mark to open it on Gains.{left_out}"
    )
    tables.draw(
        gain_grid.gain_table(
            gain_grid.gains_of(view), gain_grid.means_of(view), view.labels["label"].tolist()
        ),
        key="gain-grid-table",
        alt="The same gains and their mean, a row per label and a column per comparison",
        height=320,
    )


def show_false_positives(view: View) -> None:
    """Draw the rates of both models at equal recall, and the table of the same; or nothing."""
    chart = drawn.false_positives(view)
    if chart is None or view.pair is None:
        return
    rows = false_positives.rates(view)
    st.subheader("What happens to the false positives of difficult and of easy labels?")
    st.markdown(false_positives.in_words(rows, view.pair))
    charts.draw(chart.figure, key=chart.name, alt=chart.alt)
    tables.draw(
        false_positives.rate_table(rows, view.pair),
        key="false-positive-table",
        alt="The same rates, one row each",
    )
    st.caption(false_positives.how_to_read(view))
