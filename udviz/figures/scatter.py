"""Gain of every label against another of its numbers."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from udviz.figures.marks import add_gains
from udviz.figures.theme import NEUTRAL, UNDECIDED, VERDICTS, set_frame

_MARGIN = 0.05  # of an axis, beyond the outermost labels


def gain_scatter(
    labels: pd.DataFrame, *, against: str, axis_title: str, gain_title: str, title: str
) -> go.Figure:
    """One mark per label, a click on which names it.

    Args:
        labels: One row per label, columns as in ``labels.parquet``; labels that lack one of the
            two numbers are left out.
        against: Column on the x axis.
        axis_title: What that column is, with its unit.
        gain_title: What the gains are, of which two models.
        title: What the chart shows.
    """
    known = labels[labels["gain"].notna() & labels[against].notna()]
    verdicts = known["verdict"].where(known["verdict"].isin(VERDICTS), UNDECIDED)
    figure = go.Figure()
    set_frame(figure, title=title, plot_px=300)
    figure.update_layout(showlegend=True)
    figure.add_hline(y=0, line={"color": NEUTRAL, "width": 1})
    for verdict, mark in VERDICTS.items():
        part = known[verdicts == verdict]
        add_gains(figure, part, part[against].to_numpy(), mark=mark, n_labels=len(known))
    gains = np.append(known["gain"].to_numpy(float), 0.0)  # zero is always in view
    figure.update_yaxes(range=_extent(gains), title=gain_title)
    figure.update_xaxes(range=_extent(known[against].to_numpy(float)), title=axis_title)
    return figure


def _extent(values: np.ndarray) -> list[float]:
    """Ends of an axis that holds all ``values`` (L,) with a margin."""
    if not len(values):
        return [0.0, 1.0]
    low, high = float(values.min()), float(values.max())
    margin = _MARGIN * ((high - low) or abs(high) or 1.0)
    return [low - margin, high + margin]
