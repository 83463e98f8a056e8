"""The models of a study on one axis."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure, subplots
from udviz.figures.style.markers import add_dots_with_intervals
from udviz.figures.style.text import number
from udviz.figures.style.theme import MarkerStyle, add_rule, coloured, put, set_frame

_ROOM_UP_TO = 0.85  # of an axis that ends at 1: beyond it a number is written to the left


def model_scores(
    scores: pd.DataFrame,
    styles: Mapping[str, MarkerStyle],
    *,
    axis_title: str,
    chance: float,
    title: str,
) -> Figure:
    """One row per model: its score, its interval and that of a random ranking.

    Args:
        scores: Columns ``model``, ``score``, ``low``, ``high``; scores in [0, 1].
        styles: How each model is drawn.
        axis_title: What the score is.
        chance: Score of a random ranking, in [0, 1]; NaN draws no line.
        title: What the chart shows.
    """
    figure = subplots()
    set_frame(figure, title=title, plot_px=(44 if len(scores) <= 4 else 30) * len(scores))
    for row, (_, score) in enumerate(scores.iterrows()):
        add_dots_with_intervals(
            figure,
            np.array([score["score"]]),
            (np.array([score["low"]]), np.array([score["high"]])),
            np.array([row]),
            style=styles[score["model"]],
            column=1,
            size_px=10,
            line_px=4,
        )
        _write_score(figure, score, row)
    if np.isfinite(chance):
        add_rule(figure, x=chance, width=1.5, dash="dot", layer="below")
        figure.add_annotation(
            text=f"random ranking: {number(chance)}",
            x=chance,
            xanchor="center" if chance < _ROOM_UP_TO else "right",
            y=1,
            yref="paper",
            yanchor="bottom",
            showarrow=False,
            font={"size": 12},
        )
    put([figure.frame], showlegend=False)
    put(figure.select_xaxes(), range=[0, 1], title=axis_title)
    words = [coloured(styles[name]) for name in scores["model"]]
    put(
        figure.select_yaxes(),
        range=[len(scores) - 0.5, -0.5],
        tickvals=list(range(len(scores))),
        ticktext=words,
        tickfont={"size": 14},
        showgrid=False,
    )
    return figure


def _write_score(figure: Figure, score: pd.Series, row: int) -> None:
    """Write the score to the right of its interval, or to the left where it would be cut off."""
    right = float(np.nanmax([score["score"], score["high"]]))
    fits = right < _ROOM_UP_TO
    figure.add_annotation(
        x=right if fits else float(np.nanmin([score["score"], score["low"]])),
        y=row,
        text=number(score["score"]),
        xanchor="left" if fits else "right",
        xshift=10 if fits else -10,
        showarrow=False,
        font={"size": 15},
    )
