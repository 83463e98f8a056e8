"""Slices of the images beside each other: a row each, a mark with its interval per measure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from udviz.figures.style.figure import Figure, subplots
from udviz.figures.style.markers import add_dots_with_intervals, add_rows, stripes_of
from udviz.figures.style.theme import (
    MarkerStyle,
    put,
    room_above,
    set_frame,
)

ROW_PX, PER_MARK_PX = 14, 7
_MARGIN = 0.02  # beside the outermost interval


@dataclass(frozen=True, eq=False, kw_only=True)
class Marks:
    """One measure, a mark with its interval in every row.

    Attributes:
        style: How it is drawn and what it is called.
        value: (R,) numbers in [0, 1]; NaN where there is no mark.
        low: (R,) lower ends.
        high: (R,) upper ends.
    """

    style: MarkerStyle
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def marks_beside(
    names: Sequence[str],
    marks: Sequence[Marks],
    *,
    ticks: Sequence[str],
    hover: Sequence[str],
    title: str,
    axis: str,
    opened: str | None = None,
) -> Figure:
    """Draw R rows from the top, the marks of each below one another.

    Args:
        names: What a click on a row names.
        marks: The measures, one below the other in each row.
        ticks: How the rows are called, as plotly's HTML.
        hover: What each says when the pointer rests on it, as HTML.
        title: What the chart shows, as plotly's HTML.
        axis: Title of the axis of values.
        opened: Row that is lifted out.
    """
    figure = subplots(rows=1, cols=1)
    row_px = ROW_PX + PER_MARK_PX * len(marks)
    above_px = room_above([each.style.word for each in marks])
    set_frame(figure, title=title, plot_px=row_px * max(1, len(names)), above_px=above_px)
    extent = [-_MARGIN, _end(marks) + _MARGIN]
    add_rows(figure, names, hover, stripes_of(names, opened), extent=extent, column=1)
    rows = np.arange(len(names), dtype=float)
    for each, shift in zip(marks, _shifts(len(marks)), strict=True):
        add_dots_with_intervals(
            figure,
            each.value,
            (each.low, each.high),
            rows + shift,
            style=each.style,
            column=1,
            size_px=8,
        )
    put(figure.select_xaxes(), range=extent, title=axis)
    put(
        figure.select_yaxes(),
        range=[len(names) - 0.5, -0.5],
        tickvals=list(range(len(names))),
        ticktext=list(ticks),
        showgrid=False,
    )
    return figure


def _shifts(n: int) -> np.ndarray:
    """(n,) offsets of marks within a row of height 1."""
    return (np.arange(n) - (n - 1) / 2) * 0.4 / max(1, n - 1)


def _end(marks: Sequence[Marks]) -> float:
    """The largest number drawn; 1 where there is none."""
    ends = np.concatenate([np.append(each.high, each.value) for each in marks] or [np.ones(1)])
    return float(np.nanmax(ends)) if np.isfinite(ends).any() else 1.0
