"""One row per label, with one panel per quantity."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd
import plotly.graph_objects as go

from udviz.figures.labels.panels import PANELS
from udviz.figures.style.blank import subplots
from udviz.figures.style.hover import label_summaries
from udviz.figures.style.markers import add_rows
from udviz.figures.style.text import safe_html, shorten
from udviz.figures.style.theme import CLEAR, OPENED, STRIPE, put, set_frame

ROW_PX = 26
_TILTED_PX = 112  # below the plot, where tick names are tilted


def ranking(
    labels: pd.DataFrame,
    *,
    all_labels: pd.DataFrame,
    panels: Sequence[str],
    title: str,
    opened: str | None = None,
    axis_titles: Mapping[str, str] = MappingProxyType({}),
) -> go.Figure:
    """Labels from top to bottom in the order given.

    Args:
        labels: One row per label to draw, columns as in ``labels.parquet``.
        all_labels: Every label of the split; it fixes the axes whatever is filtered.
        panels: Names from `panels.PANELS`, left to right; one without numbers is left out.
        title: What the chart shows.
        opened: Label whose row is lifted out.
        axis_titles: Panel -> title of its axis, where its own does not fit.
    """
    drawn = [name for name in panels if all_labels[PANELS[name].needs].notna().any()]
    chosen = [PANELS[name] for name in drawn]
    figure = subplots(
        cols=len(chosen),
        shared_yaxes=True,
        column_widths=[panel.width for panel in chosen],
        horizontal_spacing=0.025,
    )
    below_px = _TILTED_PX if PANELS["causes"] in chosen else 50
    set_frame(figure, title=title, plot_px=len(labels) * ROW_PX, below_px=below_px)
    names = labels["label"].tolist()
    hover = label_summaries(labels)
    stripes = [OPENED if n == opened else (CLEAR, STRIPE)[i % 2] for i, n in enumerate(names)]
    for column, (name, panel) in enumerate(zip(drawn, chosen, strict=True), start=1):
        axis = panel.axis(labels, all_labels)
        axis["title"] = axis_titles.get(name, axis["title"])
        add_rows(figure, names, hover, stripes, extent=axis["range"], column=column)
        put(figure.select_xaxes(row=1, col=column), axis)
        panel.draw(figure, labels, column)
    put(figure.select_yaxes(), range=[len(names) - 0.5, -0.5], showgrid=False)
    names_axis = figure.select_yaxes(row=1, col=1)
    put(names_axis, tickvals=list(range(len(names))), ticktext=_tick_names(labels))
    return figure


def _tick_names(labels: pd.DataFrame) -> list[str]:
    """Short names; in italics where the label has too few positives to be trusted."""
    short = [safe_html(shorten(name)) for name in labels["label"]]
    trusted = labels["supported"].fillna(value=True)
    return [name if ok else f"<i>{name}</i>" for name, ok in zip(short, trusted, strict=True)]
