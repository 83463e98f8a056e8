"""What a change does to the false positives of difficult and of easy labels."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure, subplots
from udviz.figures.style.markers import add_dots_with_intervals
from udviz.figures.style.text import safe_html, shorten
from udviz.figures.style.theme import NEUTRAL, MarkerStyle, put, room_above, set_frame

_APART = 0.32  # rows between the marks of the two models
_ROW_PX = 52


def false_positive_rates(
    rows: pd.DataFrame,
    styles: Mapping[str, MarkerStyle],
    *,
    pair: tuple[str, str],
    title: str,
) -> Figure:
    """One row per part of the labels and recall: the rate of both models, with its interval.

    Args:
        rows: ``name`` of the row; ``before_value`` and ``after_value``, in [0, 1], each with
            ``_low`` and ``_high``.
        styles: How each model is drawn.
        pair: Names of the models before and after.
        title: What the chart shows.
    """
    figure = subplots()
    words = [styles[name].word for name in pair]
    set_frame(figure, title=title, plot_px=_ROW_PX * len(rows), above_px=room_above(words))
    places = np.arange(len(rows))
    sides = [
        (f"{side}_value", styles[name], places + (order - 0.5) * _APART)
        for order, (side, name) in enumerate(zip(("before", "after"), pair, strict=True))
    ]
    _join(figure, rows, sides[0][2], sides[1][2])
    for value, style, heights in sides:
        add_dots_with_intervals(
            figure,
            rows[value].to_numpy(float),
            (rows[f"{value}_low"].to_numpy(float), rows[f"{value}_high"].to_numpy(float)),
            heights,
            style=style,
            column=1,
            size_px=10,
            line_px=4,
        )
    ends = rows[["before_value_high", "after_value_high"]].to_numpy(float)
    highest = float(np.nanmax(ends)) if np.isfinite(ends).any() else 1.0
    put(
        figure.select_xaxes(),
        range=[0, min(1.0, 1.05 * highest)],
        title="False-positive rate (lower is better)",
    )
    put(
        figure.select_yaxes(),
        range=[len(rows) - 0.5, -0.5],
        tickvals=places.tolist(),
        ticktext=[safe_html(shorten(name, n_chars=40)) for name in rows["name"]],
        showgrid=False,
    )
    return figure


def _join(figure: Figure, rows: pd.DataFrame, before: np.ndarray, after: np.ndarray) -> None:
    """A thin line from each rate before to the one after."""
    gap = np.full(len(rows), np.nan)
    values = rows[["before_value", "after_value"]].to_numpy(float)
    figure.add_scatter(
        x=np.column_stack([values, gap]).ravel(),
        y=np.column_stack([before, after, gap]).ravel(),
        mode="lines",
        line={"color": NEUTRAL, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
