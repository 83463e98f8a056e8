"""Reliability diagrams: how often a label is present among images with about the same probability.

The height of a mark is the observed frequency of a label, not an accuracy.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from udviz.figures.blank import subplots
from udviz.figures.marks import interval_path
from udviz.figures.text import count, interval, number, safe_html, shorten
from udviz.figures.theme import CLEAR, NEUTRAL, OPENED, ROLES, Mark, put, set_frame
from udviz.stats.calibration import ReliabilityBins

N_COLUMNS = 4  # little diagrams side by side
_LITTLE_PX, _BETWEEN_PX = 150, 52
_BAR = 0.012  # width of a bar of counts, as a probability
_UNIT = [-0.03, 1.03]  # a mark at 0 or 1 is drawn whole
_TICKS = [0, 0.5, 1]


def reliability_diagram(
    bins: Mapping[str, ReliabilityBins], *, thing: str, title: str
) -> go.Figure:
    """Models overlaid in one diagram, with the counts of their bins below it.

    Args:
        bins: Role -> bins of one label, or of all labels pooled (L = 1).
        thing: What the bins count, e.g. ``images``.
        title: What the chart shows, as plotly's HTML.
    """
    figure = subplots(rows=2, shared_xaxes=True, row_heights=[0.78, 0.22], vertical_spacing=0.04)
    set_frame(figure, title=title, plot_px=420)
    _add_diagonal(figure, row=1, column=1, name="perfectly calibrated")
    for place, (role, found) in enumerate(bins.items()):
        _add_bins(figure, found, ROLES[role], row=1, column=1, thing=thing, size_px=9)
        _add_counts(figure, found, ROLES[role], lane=place - (len(bins) - 1) / 2)
    put(figure.select_xaxes(), range=_UNIT)
    put(figure.select_xaxes(row=2), title="Mean predicted probability of the bin")
    put(figure.select_yaxes(row=1), range=_UNIT, title="Observed frequency of the label")
    top = np.log10(max((found.count.max() for found in bins.values()), default=1))
    decades = {"type": "log", "dtick": 1 if top <= 3 else 2, "tickformat": "~s"}
    put(figure.select_yaxes(row=2), decades, range=[-0.3, top + 0.2], title=thing.capitalize())
    return figure


def little_diagrams(
    bins: Mapping[str, ReliabilityBins],
    labels: pd.DataFrame,
    *,
    role: str,
    title: str,
    opened: str | None = None,
) -> go.Figure:
    """A small diagram per label; a click anywhere in it names its label.

    Args:
        bins: Label -> its bins (L = 1), in reading order.
        labels: Their rows, in the same order: ``label``, ``positives``, and ``ece``, ``null`` and
            ``excess`` of the role, e.g. ``ece_teacher``.
        role: Model that is drawn.
        title: What the chart shows.
        opened: Label whose diagram is lifted out.
    """
    n_rows = -(-len(bins) // N_COLUMNS)  # rounded up
    plot_px = n_rows * _LITTLE_PX + (n_rows - 1) * _BETWEEN_PX
    figure = subplots(
        rows=n_rows,
        cols=N_COLUMNS,
        specs=[
            [{} if row * N_COLUMNS + column < len(bins) else None for column in range(N_COLUMNS)]
            for row in range(n_rows)
        ],
        subplot_titles=[safe_html(shorten(label, n_chars=18)) for label in bins],
        horizontal_spacing=0.045,
        vertical_spacing=_BETWEEN_PX / plot_px,
    )
    set_frame(figure, title=title, plot_px=plot_px)
    put(figure.layout.annotations, font={"size": 13})
    figure.layout.showlegend = False
    for place, (label, found) in enumerate(bins.items()):
        text = _summary(labels.iloc[place], role)
        row, column = place // N_COLUMNS + 1, place % N_COLUMNS + 1
        colour = OPENED if label == opened else CLEAR
        _add_click_area(figure, label, text, colour, row=row, column=column)
        _add_diagonal(figure, row=row, column=column)
        _add_bins(figure, found, ROLES[role], row=row, column=column, size_px=5)
        if place + N_COLUMNS >= len(bins):
            put(figure.select_xaxes(row=row, col=column), title="Probability")
    put(figure.select_xaxes(), range=_UNIT, tickvals=_TICKS)
    put(figure.select_yaxes(), range=_UNIT, tickvals=_TICKS)
    put(figure.select_yaxes(col=1), title="Frequency")
    return figure


def _add_diagonal(figure: go.Figure, *, row: int, column: int, name: str | None = None) -> None:
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": NEUTRAL, "width": 1.5, "dash": "dot"},
        name=name,
        showlegend=name is not None,
        hoverinfo="skip",
        row=row,
        col=column,
    )


def _add_bins(
    figure: go.Figure,
    bins: ReliabilityBins,
    mark: Mark,
    *,
    row: int,
    column: int,
    size_px: int,
    thing: str | None = None,
) -> None:
    """Draw the bins that hold something, with their intervals; ``thing`` asks for a hover."""
    held = bins.count[0] > 0
    low, high = (ends[0][held] for ends in bins.frequency_interval())
    prob, frequency = bins.mean_prob[0][held], bins.frequency[0][held]
    y, x = interval_path((low, high), prob)
    shared = {"legendgroup": mark.word, "row": row, "col": column}
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": mark.colour, "width": 2},
        opacity=0.5,
        hoverinfo="skip",
        showlegend=False,
        **shared,
    )
    figure.add_scatter(
        x=prob,
        y=frequency,
        mode="lines+markers",
        line={"color": mark.colour, "width": 1},
        marker={"color": mark.colour, "symbol": mark.symbol, "size": size_px},
        name=mark.word,
        hovertext=_hover(bins, mark, thing) if thing else None,
        hovertemplate="%{hovertext}<extra></extra>" if thing else None,
        hoverinfo=None if thing else "skip",
        **shared,
    )


def _hover(bins: ReliabilityBins, mark: Mark, thing: str) -> list[str]:
    low, high = (ends[0] for ends in bins.frequency_interval())
    return [
        f"{mark.glyph} {mark.word}<br>probability {number(bins.mean_prob[0, q])}"
        f" (bin {interval(bins.edges[0, q], bins.edges[0, q + 1])})"
        f"<br>frequency {number(bins.frequency[0, q])} ({interval(low[q], high[q])})"
        f"<br>{bins.count[0, q]:,} {thing}, {bins.positives[0, q]:,} with the label"
        for q in np.flatnonzero(bins.count[0])
    ]


def _add_counts(figure: go.Figure, bins: ReliabilityBins, mark: Mark, *, lane: float) -> None:
    """Draw counts at the middle of bins of equal width, else below the marks; lane by lane."""
    held, widths = bins.count[0] > 0, np.diff(bins.edges[0])
    middles = bins.edges[0, :-1] + widths / 2
    even = np.ptp(widths) < 1e-9
    x, width = (middles, _BAR) if even else (bins.mean_prob[0], _BAR / 3)
    figure.add_bar(
        x=x[held] + lane * width,
        y=bins.count[0][held],
        width=width,
        marker={"color": mark.colour, "line": {"width": 0}},
        legendgroup=mark.word,
        showlegend=False,
        hoverinfo="skip",
        row=2,
        col=1,
    )
    figure.layout.barmode = "overlay"


def _summary(label: pd.Series, role: str) -> str:
    excess = number(label[f"excess_{role}"], sign=True)
    return (
        f"<b>{safe_html(shorten(label['label'], n_chars=60))}</b>"
        f"<br>{ROLES[role].glyph} {ROLES[role].word} ECE {number(label[f'ece_{role}'])}"
        f"<br>by chance {number(label[f'null_{role}'])}, excess {excess}"
        f"<br>{count(label['positives'])} positives"
    )


def _add_click_area(
    figure: go.Figure, label: str, hover: str, colour: str, *, row: int, column: int
) -> None:
    figure.add_bar(
        x=[0.5],
        y=[1],
        width=1,
        marker={"color": colour, "line": {"width": 0}},
        customdata=[label],
        hovertext=[hover],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        row=row,
        col=column,
    )
