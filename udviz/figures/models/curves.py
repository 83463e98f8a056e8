"""Curves of runs in training."""

from collections.abc import Mapping

import pandas as pd

from udviz.figures.style.figure import Figure, subplots
from udviz.figures.style.text import safe_html, shorten
from udviz.figures.style.theme import (
    NEUTRAL,
    MarkerStyle,
    put,
    room_above,
    set_frame,
    whole_ticks,
)

N_COLUMNS = 3  # panels side by side
_PANEL_PX, _BETWEEN_PX = 130, 76
_N_MARKED = 100  # points; more of them read as a line
_DASHES = ("solid", "dash", "dot", "dashdot")  # seeds of one model


def score_curves(scores: pd.DataFrame, styles: Mapping[str, MarkerStyle], *, title: str) -> Figure:
    """Validation mAP of every run by epoch.

    Args:
        scores: Columns ``run`` (model, then ``-`` and a seed), ``epoch``
            and ``validation_map``.
        styles: How each model is drawn.
        title: What the chart shows.
    """
    figure = Figure()
    above_px = room_above(map(str, scores["run"].unique()))
    set_frame(figure, title=title, plot_px=260, above_px=above_px)
    drawn: dict[str, int] = {}
    for run, rows in scores.groupby("run", sort=False):
        style = style_of(str(run), styles)
        figure.add_scatter(
            x=rows["epoch"],
            y=rows["validation_map"],
            mode="lines+markers",
            line={
                "color": style.colour,
                "width": 2,
                "dash": _DASHES[drawn.get(style.word, 0) % len(_DASHES)],
            },
            marker={"color": style.colour, "symbol": style.symbol, "size": 8},
            name=safe_html(shorten(str(run))),
            showlegend=True,
            hovertemplate="epoch %{x}: %{y:.3f}",
        )
        drawn[style.word] = drawn.get(style.word, 0) + 1
    last = int(scores["epoch"].max()) if len(scores) else 1
    put(figure.select_xaxes(), whole_ticks(last), title="Epoch", range=[0.5, last + 0.5])
    highest = scores["validation_map"].max() if len(scores) else 1.0
    put(figure.select_yaxes(), title="Validation mAP", range=[0, min(1.0, 1.1 * highest) or 1.0])
    return figure


def loss_curves(losses: pd.DataFrame, style: MarkerStyle, *, title: str) -> Figure:
    """A panel per named loss of one run, each with a range of its own.

    Args:
        losses: Columns ``loss``, ``step`` and ``value``.
        style: How the run's model is drawn.
        title: What the chart shows.
    """
    figure = _panels(losses, ("loss", "step"), style=style, title=title)
    put(figure.select_xaxes(), title="Training step", rangemode="tozero", nticks=4, tickangle=0)
    put(figure.select_yaxes(), rangemode="tozero")
    return figure


def label_curves(precisions: pd.DataFrame, style: MarkerStyle, *, title: str) -> Figure:
    """A panel per label: its average precision on validation after every epoch of one run.

    Args:
        precisions: Columns ``label``, ``epoch`` and ``value``, the hardest label first.
        style: How the run's model is drawn.
        title: What the chart shows.
    """
    figure = _panels(precisions, ("label", "epoch"), style=style, title=title)
    last = int(precisions["epoch"].max()) if len(precisions) else 1
    put(figure.select_xaxes(), whole_ticks(last), title="Epoch", range=[0.5, last + 0.5])
    put(figure.select_yaxes(), range=[0, 1])
    return figure


def _panels(
    curves: pd.DataFrame, columns: tuple[str, str], *, style: MarkerStyle, title: str
) -> Figure:
    """A panel per name; ``columns`` are those of the name and of the x axis."""
    by, along = columns
    names = list(curves[by].unique())
    n_rows = max(1, -(-len(names) // N_COLUMNS))  # rounded up
    plot_px = n_rows * _PANEL_PX + (n_rows - 1) * _BETWEEN_PX
    figure = subplots(
        rows=n_rows,
        cols=min(N_COLUMNS, max(1, len(names))),
        subplot_titles=[safe_html(shorten(name)) for name in names],
        horizontal_spacing=0.07,
        vertical_spacing=_BETWEEN_PX / plot_px,
    )
    set_frame(figure, title=title, plot_px=plot_px)
    put(figure.annotations, font={"size": 13})
    for place, name in enumerate(names):
        rows = curves[curves[by] == name]
        figure.add_scatter(
            x=rows[along],
            y=rows["value"],
            mode="lines+markers" if len(rows) <= _N_MARKED else "lines",
            line={"color": style.colour, "width": 2},
            marker={"color": style.colour, "size": 4},
            hovertemplate=f"{along} %{{x}}: %{{y:.4g}}<extra></extra>",
            showlegend=False,
            row=place // N_COLUMNS + 1,
            col=place % N_COLUMNS + 1,
        )
    return figure


def style_of(run: str, styles: Mapping[str, MarkerStyle]) -> MarkerStyle:
    """The style of a run's model; runs that only judge labels are neutral."""
    neutral = MarkerStyle(run, NEUTRAL, "circle-open", "○")
    return styles.get(run, styles.get(run.rpartition("-")[0], neutral))
