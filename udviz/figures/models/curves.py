"""Curves of runs in training."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from udviz.figures.style.text import safe_html, shorten
from udviz.figures.style.theme import NEUTRAL, ROLES, VERDICTS, Mark, set_frame, whole_ticks

N_COLUMNS = 3  # panels side by side
_PANEL_PX, _BETWEEN_PX = 130, 76
_N_MARKED = 100  # points; more of them read as a line
_DASHES = ("solid", "dash", "dot", "dashdot")  # seeds of one role


def score_curves(scores: pd.DataFrame, *, title: str) -> go.Figure:
    """Validation mAP of every run by epoch.

    Args:
        scores: Columns ``run`` (role, then ``-`` and a number where there are several), ``epoch``
            and ``validation_map``.
        title: What the chart shows.
    """
    figure = go.Figure()
    set_frame(figure, title=title, plot_px=260)
    drawn: dict[str, int] = {}
    for run, rows in scores.groupby("run", sort=False):
        mark = mark_of(str(run))
        figure.add_scatter(
            x=rows["epoch"],
            y=rows["validation_map"],
            mode="lines+markers",
            line={
                "color": mark.colour,
                "width": 2,
                "dash": _DASHES[drawn.get(mark.word, 0) % len(_DASHES)],
            },
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 8},
            name=safe_html(shorten(str(run))),
            showlegend=True,
            hovertemplate="epoch %{x}: %{y:.3f}",
        )
        drawn[mark.word] = drawn.get(mark.word, 0) + 1
    last = int(scores["epoch"].max()) if len(scores) else 1
    figure.update_xaxes(title="Epoch", range=[0.5, last + 0.5], **whole_ticks(last))
    highest = scores["validation_map"].max() if len(scores) else 1.0
    figure.update_yaxes(title="Validation mAP", range=[0, min(1.0, 1.1 * highest) or 1.0])
    return figure


def loss_curves(losses: pd.DataFrame, *, run: str, title: str) -> go.Figure:
    """A panel per named loss of one run, each with a range of its own.

    Args:
        losses: Columns ``loss``, ``step`` and ``value``.
        run: Name of the run.
        title: What the chart shows.
    """
    figure = _panels(losses, ("loss", "step"), run=run, title=title)
    figure.update_xaxes(title="Training step", rangemode="tozero")
    figure.update_yaxes(rangemode="tozero")
    return figure


def label_curves(precisions: pd.DataFrame, *, run: str, title: str) -> go.Figure:
    """A panel per label: its average precision on validation after every epoch of one run.

    Args:
        precisions: Columns ``label``, ``epoch`` and ``value``, the hardest label first.
        run: Name of the run.
        title: What the chart shows.
    """
    figure = _panels(precisions, ("label", "epoch"), run=run, title=title)
    last = int(precisions["epoch"].max()) if len(precisions) else 1
    figure.update_xaxes(title="Epoch", range=[0.5, last + 0.5], **whole_ticks(last))
    figure.update_yaxes(range=[0, 1])
    return figure


def _panels(curves: pd.DataFrame, columns: tuple[str, str], *, run: str, title: str) -> go.Figure:
    """A panel per name; ``columns`` are those of the name and of the x axis."""
    by, along = columns
    names = list(curves[by].unique())
    n_rows = max(1, -(-len(names) // N_COLUMNS))  # rounded up
    plot_px = n_rows * _PANEL_PX + (n_rows - 1) * _BETWEEN_PX
    figure = make_subplots(
        rows=n_rows,
        cols=min(N_COLUMNS, max(1, len(names))),
        subplot_titles=[safe_html(shorten(name)) for name in names],
        horizontal_spacing=0.07,
        vertical_spacing=_BETWEEN_PX / plot_px,
    )
    set_frame(figure, title=title, plot_px=plot_px)
    figure.update_annotations(font={"size": 13})
    for place, name in enumerate(names):
        rows = curves[curves[by] == name]
        figure.add_scatter(
            x=rows[along],
            y=rows["value"],
            mode="lines+markers" if len(rows) <= _N_MARKED else "lines",
            line={"color": mark_of(run).colour, "width": 2},
            marker={"color": mark_of(run).colour, "size": 4},
            hovertemplate=f"{along} %{{x}}: %{{y:.4g}}<extra></extra>",
            showlegend=False,
            row=place // N_COLUMNS + 1,
            col=place % N_COLUMNS + 1,
        )
    return figure


def mark_of(run: str) -> Mark:
    """The mark of a run's role; runs that only judge labels are neutral."""
    neutral = Mark(run, NEUTRAL, VERDICTS["cannot tell"].symbol, "○")
    return ROLES.get(run.split("-")[0], neutral)
