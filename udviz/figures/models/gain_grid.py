"""Every label under every comparison: a mark per cell."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure
from udviz.figures.style.markers import CLICKABLE
from udviz.figures.style.text import interval, number, p_equals, safe_html, shorten
from udviz.figures.style.theme import VERDICTS, put, set_frame, verdict_style

ROW_PX = 34
UPRIGHT_PX = 24  # of a row that is a label
_LETTER_PX = 6  # of a tick's name, which stands upright
_SMALLEST_PX, _LARGEST_PX = 5, 20  # of a mark


def gain_grid(
    gains: pd.DataFrame, labels: Sequence[str], *, title: str, upright: bool = False
) -> Figure:
    """A row per comparison, a column per label; a mark is a gain, its size how large it is.

    A click on a mark names its label and its models before and after.

    Args:
        gains: Rows with ``label``, ``before``, ``after``, ``gain``, its interval, ``q`` and
            ``verdict``; what has no gain has no mark.
        labels: The labels that are drawn, left to right.
        title: What the chart shows.
        upright: Whether labels are the rows, for a narrow chart.
    """
    known = gains[gains["label"].isin(labels) & gains["gain"].notna()]
    pairs = list(gains[["before", "after"]].drop_duplicates().itertuples(index=False, name=None))
    largest = known["gain"].abs().max()
    figure = Figure()
    of_labels = [shorten(name, n_chars=24) for name in labels]
    of_pairs = [" → ".join(shorten(name, n_chars=18) for name in pair) for pair in pairs]
    columns, rows = (of_pairs, of_labels) if upright else (of_labels, of_pairs)
    row_px = UPRIGHT_PX if upright else ROW_PX
    below_px = 20 + _LETTER_PX * max(map(len, columns), default=0)
    set_frame(figure, title=title, plot_px=max(2, len(rows)) * row_px, below_px=below_px)
    words = known["verdict"].map(lambda verdict: verdict_style(verdict).word)
    for style in VERDICTS.values():
        part = known[words == style.word]
        share = np.sqrt(part["gain"].abs() / largest) if largest else np.zeros(len(part))
        places = (
            [labels.index(name) for name in part["label"]],
            [pairs.index(pair) for pair in zip(part["before"], part["after"], strict=True)],
        )
        x, y = reversed(places) if upright else places
        figure.add_scatter(
            x=x,
            y=y,
            mode="markers",
            marker={"color": style.colour, "symbol": style.symbol}
            | {"size": _SMALLEST_PX + (_LARGEST_PX - _SMALLEST_PX) * np.asarray(share)},
            name=f"{style.word} ({len(part):,})",
            customdata=part[["label", "before", "after"]].to_numpy(),
            hovertext=[_told(row) for _, row in part.iterrows()],
            **CLICKABLE,
        )
    put(
        figure.select_xaxes(),
        tickvals=list(range(len(columns))),
        ticktext=list(map(safe_html, columns)),
        tickangle=-90,
        range=[-0.6, max(len(columns), 1) - 0.4],
    )
    put(
        figure.select_yaxes(),
        tickvals=list(range(len(rows))),
        ticktext=list(map(safe_html, rows)),
        range=[max(len(rows), 1) - 0.5, -0.5],
    )
    return figure


def _told(row: pd.Series) -> str:
    bounds = interval(row["gain_low"], row["gain_high"], sign=True)
    return (
        f"<b>{safe_html(shorten(row['label']))}</b><br>{safe_html(row['before'])} → "
        f"{safe_html(row['after'])}<br>gain {number(row['gain'], sign=True)} ({bounds})<br>"
        f"q {p_equals(row['q'])}, {verdict_style(row['verdict']).word}"
    )
