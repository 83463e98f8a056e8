"""Which action on which label could save most wrong decisions."""

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure, subplots
from udviz.figures.style.markers import add_rows, stripes_of
from udviz.figures.style.text import number, safe_html, shorten
from udviz.figures.style.theme import NEUTRAL, put, set_frame

ROW_PX = 40
_SAVED_PX, _ALL_PX = 12, 2


def worth_fixing(actions: pd.DataFrame, *, title: str, opened: str | None = None) -> Figure:
    """One row per label and action: all wrong decisions, and how many it could save at most.

    Args:
        actions: Rows of `label_actions` whose ``saved`` is known, with ``what``, the action in
            words; a click names the label.
        title: What the chart shows.
        opened: Label whose rows are lifted out.
    """
    figure = subplots(cols=1)
    set_frame(figure, title=title, plot_px=ROW_PX * len(actions))
    names, rows = actions["label"].tolist(), np.arange(len(actions))
    extent = [0.0, 1.05 * float(actions["errors"].max())]
    stripes = stripes_of(names, opened)
    hover = [_hover(row) for _, row in actions.iterrows()]
    add_rows(figure, names, hover, stripes, extent=extent, column=1)
    _add_lines(figure, actions["errors"], rows, name="all wrong decisions", width=_ALL_PX)
    _add_lines(figure, actions["saved"], rows, name="could be saved, at most", width=_SAVED_PX)
    put(figure.select_xaxes(), range=extent, title="Wrong decisions, images", tickformat=",d")
    put(
        figure.select_yaxes(),
        range=[len(names) - 0.5, -0.5],
        showgrid=False,
        tickvals=rows.tolist(),
        ticktext=[_name(row) for _, row in actions.iterrows()],
    )
    return figure


def _add_lines(figure: Figure, ends: pd.Series, rows: np.ndarray, *, name: str, width: int) -> None:
    """A line from 0 to each end, all of them one path."""
    gap = np.full(len(rows), np.nan)
    figure.add_scatter(
        x=np.column_stack([np.zeros(len(rows)), ends, gap]).ravel(),
        y=np.repeat(rows, 3),
        mode="lines",
        line={"color": NEUTRAL, "width": width},
        name=name,
        hoverinfo="skip",
        row=1,
        col=1,
    )


def _name(action: pd.Series) -> str:
    what = safe_html(shorten(action["what"], n_chars=36))
    return f"{safe_html(shorten(action['label']))}<br><i>{what}</i>"


def _hover(action: pd.Series) -> str:
    return (
        f"<b>{safe_html(shorten(action['label'], n_chars=60))}</b><br>"
        f"{safe_html(action['what'])}<br>could save at most "
        f"{number(action['saved'], digits=0)} of {number(action['errors'], digits=0)} wrong "
        "decisions"
    )
