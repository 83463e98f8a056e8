"""All gains of a comparison in one picture."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from udviz.figures.labels.panels import gain_limit, gain_title
from udviz.figures.style.figure import Figure
from udviz.figures.style.markers import add_labels, interval_path
from udviz.figures.style.theme import (
    LEFT_PX,
    VERDICTS,
    add_rule,
    put,
    set_frame,
    verdict_style,
    whole_ticks,
)


def gain_curve(
    labels: pd.DataFrame, hover: Mapping[str, str], *, pair: tuple[str, str], title: str
) -> Figure:
    """Gain of every label with its interval, from the largest loss to the largest gain.

    Args:
        labels: One row per label with ``gain``, its interval and ``verdict``; labels without a
            gain are left out.
        hover: Label -> what its mark says when the pointer rests on it, as HTML.
        pair: Names of the models before and after.
        title: What the chart shows.
    """
    known = labels[labels["gain"].notna()].sort_values("gain", kind="stable")
    words = known["verdict"].map(lambda verdict: verdict_style(verdict).word)
    place = np.arange(1, len(known) + 1)
    figure = Figure()
    set_frame(figure, title=title, plot_px=210, left_px=LEFT_PX)
    add_rule(figure, y=0)
    for style in VERDICTS.values():
        chosen = (words == style.word).to_numpy(bool)
        part = known[chosen]
        ends = (part["gain_low"].to_numpy(float), part["gain_high"].to_numpy(float))
        y, x = interval_path(ends, place[chosen])
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": style.colour, "width": 2 if len(known) <= 200 else 1},
            opacity=0.5,
            hoverinfo="skip",
            showlegend=False,
        )
        places = place[chosen], part["gain"].to_numpy(float)
        told = [hover[label] for label in part["label"]]
        add_labels(figure, part, told, places, style=style, n_labels=len(known))
    limit = gain_limit(labels)
    put(figure.select_yaxes(), range=[-limit, limit], title=gain_title(*pair))
    put(
        figure.select_xaxes(),
        whole_ticks(len(known)),
        range=[0.5, max(len(known), 1) + 0.5],
        title="Labels, from the largest loss to the largest gain",
        showgrid=False,
    )
    return figure
