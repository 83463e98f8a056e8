"""One row per label, with one panel per quantity."""

from collections.abc import Sequence

import pandas as pd

from udviz.figures.labels.panels import PANELS, Rows
from udviz.figures.style.figure import Figure, subplots
from udviz.figures.style.hover import label_summaries
from udviz.figures.style.markers import add_rows, stripes_of
from udviz.figures.style.text import safe_html, shorten
from udviz.figures.style.theme import (
    CHANCE,
    NEUTRAL,
    RANK,
    VERDICTS,
    put,
    room_above,
    set_frame,
)

ROW_PX = 26
MODEL_PX = 7  # of a row's height that each model takes, where they are many
_TILTED_PX = 122  # below the plot, where tick names are tilted


def ranking(rows: Rows, *, panels: Sequence[str], title: str, opened: str | None = None) -> Figure:
    """Labels from top to bottom in the order given.

    Args:
        rows: What is drawn.
        panels: Names from `panels.PANELS`, left to right; one without numbers is left out.
        title: What the chart shows.
        opened: Label whose row is lifted out.
    """
    labels = rows.labels
    chosen = [PANELS[name] for name in panels if _has_numbers(rows, PANELS[name].needs)]
    figure = subplots(
        cols=len(chosen),
        shared_yaxes=True,
        column_widths=[panel.width for panel in chosen],
        horizontal_spacing=0.025,
    )
    below_px = _TILTED_PX if PANELS["causes"] in chosen else 50
    set_frame(
        figure,
        title=title,
        plot_px=len(labels) * row_px(len(rows.styles), panels),
        above_px=room_above(_legend(rows, panels)),
        below_px=below_px,
    )
    names = labels["label"].tolist()
    hover = label_summaries(
        labels, rows.scores, rows.styles, gains="gain" in panels, metric=rows.metric
    )
    stripes = stripes_of(names, opened)
    for column, panel in enumerate(chosen, start=1):
        axis = panel.axis(rows)
        add_rows(figure, names, hover, stripes, extent=axis["range"], column=column)
        put(figure.select_xaxes(row=1, col=column), axis)
        panel.draw(figure, rows, column)
        _set_apart(figure, labels["supported"], axis["range"], column)
    put(figure.select_yaxes(), range=[len(names) - 0.5, -0.5], showgrid=False)
    names_axis = figure.select_yaxes(row=1, col=1)
    put(names_axis, tickvals=list(range(len(names))), ticktext=_tick_names(labels))
    return figure


def row_px(n_models: int, panels: Sequence[str]) -> int:
    """Height of a row, which has room for the models that are overlaid in it."""
    return max(ROW_PX, MODEL_PX * n_models if "average precision" in panels else 0)


def _set_apart(figure: Figure, supported: pd.Series, extent: Sequence[float], column: int) -> None:
    """A line between labels with enough positives and those that follow without."""
    n_enough = int(supported.sum())
    if 0 < n_enough < len(supported) and supported.iloc[:n_enough].all():
        figure.add_scatter(
            x=list(extent),
            y=[n_enough - 0.5] * 2,
            mode="lines",
            line={"color": NEUTRAL, "width": 1},
            hoverinfo="skip",
            showlegend=False,
            row=1,
            col=column,
        )


def _legend(rows: Rows, panels: Sequence[str]) -> list[str]:
    words = {
        "rank": [RANK.word],
        "average precision": [CHANCE.word, *rows.styles],
        "gain": [style.word for style in VERDICTS.values()],
    }
    return [word for panel in panels for word in words.get(panel, [])]


def _has_numbers(rows: Rows, needs: str) -> bool:
    return not needs or bool(rows.all_labels[needs].notna().any())


def _tick_names(labels: pd.DataFrame) -> list[str]:
    """Short names; in italics where the label has too few positives to be evaluated."""
    short = [safe_html(shorten(name)) for name in labels["label"]]
    enough = labels["supported"]
    return [name if ok else f"<i>{name}</i>" for name, ok in zip(short, enough, strict=True)]
