"""All gains of a study in one picture."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from udviz.figures.labels.panels import gain_limit, gain_title
from udviz.figures.style.markers import add_labels, interval_path
from udviz.figures.style.theme import (
    LEFT_PX,
    UNDECIDED,
    VERDICTS,
    add_rule,
    put,
    set_frame,
    whole_ticks,
)


def gain_curve(labels: pd.DataFrame, *, title: str) -> go.Figure:
    """Gain of every label with its interval, from the largest loss to the largest gain.

    Args:
        labels: One row per label, columns as in ``labels.parquet``; labels without a gain are
            left out.
        title: What the chart shows.
    """
    known = labels[labels["gain"].notna()].sort_values("gain", kind="stable")
    verdicts = known["verdict"].where(known["verdict"].isin(VERDICTS), UNDECIDED)
    place = np.arange(1, len(known) + 1)
    figure = go.Figure()
    set_frame(figure, title=title, plot_px=210, left_px=LEFT_PX)
    add_rule(figure, y=0)
    for verdict, mark in VERDICTS.items():
        chosen = (verdicts == verdict).to_numpy(bool)
        part = known[chosen]
        ends = (part["gain_low"].to_numpy(float), part["gain_high"].to_numpy(float))
        y, x = interval_path(ends, place[chosen])
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": mark.colour, "width": 2 if len(known) <= 200 else 1},
            opacity=0.5,
            hoverinfo="skip",
            showlegend=False,
        )
        places = place[chosen], part["gain"].to_numpy(float)
        add_labels(figure, part, places, mark=mark, n_labels=len(known))
    limit = gain_limit(labels)
    put(figure.select_yaxes(), range=[-limit, limit], title=gain_title())
    put(
        figure.select_xaxes(),
        whole_ticks(len(known)),
        range=[0.5, max(len(known), 1) + 0.5],
        title="Labels, from the largest loss to the largest gain",
        showgrid=False,
    )
    return figure
