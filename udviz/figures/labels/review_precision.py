"""How many of the possible annotation errors of a label people confirmed."""

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure
from udviz.figures.style.markers import add_dots_with_intervals, add_rows, stripes_of
from udviz.figures.style.text import interval, number, safe_html, shorten
from udviz.figures.style.theme import (
    NEUTRAL,
    MarkerStyle,
    put,
    set_frame,
)

ROW_PX = 26
_STYLE = MarkerStyle("confirmed", NEUTRAL, "circle", "●")


def precision_intervals(table: pd.DataFrame, *, title: str) -> Figure:
    """One row per label: share of its decided targets that were confirmed errors, with interval.

    Args:
        table: Columns as of `udviz.stats.label_errors.review_precision`; every row is drawn.
        title: What the chart shows.
    """
    names = table["label"].tolist()
    figure = Figure()
    set_frame(figure, title=title, plot_px=len(names) * ROW_PX)
    stripes = stripes_of(names)
    hover = [_summary(row) for _, row in table.iterrows()]
    add_rows(figure, names, hover, stripes, extent=[-0.02, 1.02], column=1)
    add_dots_with_intervals(
        figure,
        table["precision"].to_numpy(float),
        (table["low"].to_numpy(float), table["high"].to_numpy(float)),
        np.arange(len(names)),
        style=_STYLE,
        column=1,
    )
    put([figure.frame], showlegend=False)
    put(
        figure.select_xaxes(),
        range=[-0.02, 1.02],
        title="Confirmed errors, share of decided targets",
    )
    put(
        figure.select_yaxes(),
        range=[len(names) - 0.5, -0.5],
        tickvals=list(range(len(names))),
        ticktext=[safe_html(shorten(name)) for name in names],
        showgrid=False,
    )
    return figure


def _summary(row: pd.Series) -> str:
    return (
        f"<b>{safe_html(shorten(row['label'], n_chars=60))}</b><br>"
        f"{number(row['precision'])} ({interval(row['low'], row['high'])})<br>"
        f"change label {row['wrong']}, keep label {row['right']}, unsure {row['unsure']}, "
        f"of {row['suspects']} possible errors"
    )
