"""Reliability diagrams of several labels side by side, small.

All lie on one pair of axes, each in a unit square of its own: a browser draws four traces instead
of four per label on axes of its own, which takes it a fraction of the time.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from udviz.figures.calibration.reliability import held_bins
from udviz.figures.style.figure import Figure, Settings
from udviz.figures.style.markers import CLICKABLE, interval_path
from udviz.figures.style.text import count, number, safe_html, shorten
from udviz.figures.style.theme import (
    CLEAR,
    GRID,
    LEFT_PX,
    NEUTRAL,
    OPENED,
    TITLE_PX,
    MarkerStyle,
    put,
    set_frame,
)
from udviz.stats.calibration.reliability_bins import ReliabilityBins

N_COLUMNS = 4  # diagrams side by side
_ACROSS, _DOWN = 1.18, 1.34  # from one diagram to the next
_UNIT_PX = 150  # height of a diagram
_EDGE, _NAME = 0.03, 0.2  # room around a mark at 0 or 1, and for the name above a diagram
_TICKS = np.array([0, 0.5, 1])

_Line = list[tuple[float, float]]  # in the unit square


def reliability_grid(
    bins: Mapping[str, ReliabilityBins],
    labels: pd.DataFrame,
    *,
    style: MarkerStyle,
    title: str,
    opened: str | None = None,
) -> Figure:
    """A small diagram per label; a click anywhere in it names its label.

    Args:
        bins: Label -> its bins (L = 1), in reading order.
        labels: Their rows, in the same order: ``label``, ``positives``, ``ece``, ``ece_null``
            and ``ece_excess``, columns as of the table ``calibration``.
        style: How the model is drawn.
        title: What the chart shows.
        opened: Label whose diagram is lifted out.
    """
    corners = _corners(len(bins))
    lowest = corners[:, 1].min(initial=0.0)
    figure = Figure()
    plot_px = round(_UNIT_PX * (1 - lowest + 2 * _EDGE + _NAME))
    set_frame(figure, title=title, plot_px=plot_px, above_px=TITLE_PX, left_px=LEFT_PX)
    figure.frame["showlegend"] = False
    figure.frame["annotations"] = [
        _name(label, corner) for label, corner in zip(bins, corners, strict=True)
    ]
    hover = [_summary(label, style) for _, label in labels.iterrows()]
    _add_click_areas(figure, list(bins), hover, corners, opened)
    upright: list[_Line] = [[(at, 0), (at, 1)] for at in _TICKS]
    level: list[_Line] = [[(0, at), (1, at)] for at in _TICKS]
    _add_lines(figure, upright + level, corners, colour=GRID, width=1)
    _add_lines(figure, [[(0, 0), (1, 1)]], corners, colour=NEUTRAL, width=1.5, dash="dot")
    _add_bins(figure, list(bins.values()), corners, style)
    columns = _ACROSS * np.arange(N_COLUMNS)
    put(
        figure.select_xaxes(),
        _ticks(columns),
        range=[-_EDGE, columns[-1] + 1 + _EDGE],
        title="Probability",
    )
    put(
        figure.select_yaxes(),
        _ticks(np.unique(corners[:, 1])),
        range=[lowest - _EDGE, 1 + _EDGE + _NAME],
        title="Frequency",
    )
    return figure


def _corners(n_diagrams: int) -> np.ndarray:
    """(n, 2) lower left corners in reading order; the first is the origin."""
    row, column = np.divmod(np.arange(n_diagrams), N_COLUMNS)
    return np.column_stack([_ACROSS * column, -_DOWN * row])


def _ticks(starts: np.ndarray) -> dict[str, object]:
    """From 0 to 1 along every square; ``starts`` are their lower ends."""
    return {
        "showgrid": False,
        "tickvals": np.add.outer(starts, _TICKS).ravel(),
        "ticktext": [f"{tick:g}" for tick in _TICKS] * len(starts),
    }


def _name(label: str, corner: np.ndarray) -> dict[str, object]:
    return {
        "text": safe_html(shorten(label, n_chars=18)),
        **{"x": corner[0] + 0.5, "y": corner[1] + 1 + _EDGE, "yanchor": "bottom"},
        **{"showarrow": False, "font": {"size": 13}},
    }


def _add_click_areas(
    figure: Figure, names: list[str], hover: list[str], corners: np.ndarray, opened: str | None
) -> None:
    figure.add_bar(
        x=corners[:, 0] + 0.5,
        base=corners[:, 1],
        y=np.ones(len(corners)),
        width=1,
        marker={
            "color": [OPENED if name == opened else CLEAR for name in names],
            "line": {"width": 0},
        },
        customdata=names,
        hovertext=hover,
        **CLICKABLE,
    )


def _add_lines(
    figure: Figure, lines: list[_Line], corners: np.ndarray, *, colour: str, **style: object
) -> None:
    """Draw the same lines in every diagram, as one broken line."""
    gap = (np.nan, np.nan)
    points = np.array([point for line in lines for point in (*line, gap)])  # (3 lines, 2)
    path = (corners[:, None] + points).reshape(-1, 2)
    figure.add_scatter(
        x=path[:, 0],
        y=path[:, 1],
        mode="lines",
        line={"color": colour, **style},
        hoverinfo="skip",
    )


def _add_bins(
    figure: Figure, bins: list[ReliabilityBins], corners: np.ndarray, style: MarkerStyle
) -> None:
    """Draw the bins that hold something, with their intervals."""
    marks, intervals = [], []
    for found, corner in zip(bins, corners, strict=True):
        held = held_bins(found)
        y, x = interval_path((held.low, held.high), held.prob)
        intervals.append(corner + np.column_stack([x, y]))
        marks.append(corner + np.column_stack([held.prob, held.frequency]))
        marks.append(np.full((1, 2), np.nan))  # no line from one diagram to the next
    shared: Settings = {"hoverinfo": "skip", "name": style.html}
    line = {"color": style.colour}
    (x, y), (x_ends, y_ends) = np.vstack(marks).T, np.vstack(intervals).T
    figure.add_scatter(x=x_ends, y=y_ends, mode="lines", line=line, opacity=0.5, **shared)
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line=line | {"width": 1},
        marker=line | {"symbol": style.symbol, "size": 5},
        **shared,
    )


def _summary(label: pd.Series, style: MarkerStyle) -> str:
    excess = number(label["ece_excess"], sign=True)
    return (
        f"<b>{safe_html(shorten(label['label'], n_chars=60))}</b>"
        f"<br>{style.glyph} {style.html} ECE {number(label['ece'])}"
        f"<br>expected if calibrated {number(label['ece_null'])}, above expected {excess}"
        f"<br>{count(label['positives'])} positives"
    )
