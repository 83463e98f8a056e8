"""Positives of each label, and labels per image."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure
from udviz.figures.style.markers import add_rows, stripes_of
from udviz.figures.style.text import count, safe_html, shorten
from udviz.figures.style.theme import NEUTRAL, SPLITS, put, set_frame

ROW_PX = 26
_MOST_TICKS = 12
_NONE = 0.5  # where a logarithmic axis draws a count of zero


def positives_per_label(
    counts: pd.DataFrame, *, all_counts: pd.DataFrame, title: str, opened: str | None = None
) -> Figure:
    """One row per label with its positives in every split, on a logarithmic axis.

    Args:
        counts: One row per label to draw: ``label`` and, per split that is known, its name with
            the number of positives; NaN is not drawn.
        all_counts: The same of every label; it fixes the axis whatever is filtered.
        title: What the chart shows.
        opened: Label whose row is lifted out.
    """
    splits = [split for split in SPLITS if split in counts]
    largest = float(np.nanmax(all_counts[splits].to_numpy(float), initial=1.0))
    extent = [_NONE * 0.8, largest * 1.3]
    names = counts["label"].tolist()
    figure = Figure()
    set_frame(figure, title=title, plot_px=len(names) * ROW_PX)
    stripes = stripes_of(names, opened)
    hover = [_summary(row, splits) for _, row in counts.iterrows()]
    add_rows(figure, names, hover, stripes, extent=extent, column=1)
    for split in splits:
        mark = SPLITS[split]
        figure.add_scatter(
            x=counts[split].clip(lower=_NONE),
            y=list(range(len(names))),
            mode="markers",
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 9}
            | {"line": {"color": mark.colour, "width": 2}},
            name=mark.word,
            hoverinfo="skip",
        )
    powers = range(int(np.log10(largest)) + 1)
    ticks = [
        step * 10**power for power in powers for step in ((1, 2, 5) if powers[-1] < 3 else (1,))
    ]
    put(
        figure.select_xaxes(),
        type="log",
        range=np.log10(extent).tolist(),
        tickvals=[_NONE, *ticks],
        ticktext=["0", *(f"{tick:,}" for tick in ticks)],
        title="Positive images (log scale)",
    )
    put(
        figure.select_yaxes(),
        range=[len(names) - 0.5, -0.5],
        tickvals=list(range(len(names))),
        ticktext=[safe_html(shorten(name)) for name in names],
        showgrid=False,
    )
    return figure


def labels_per_image(carried: pd.DataFrame, *, title: str) -> Figure:
    """Share of images that carry 0, 1, 2 ... labels.

    Args:
        carried: One row per number of labels, in order: ``labels``, ``images``, ``share``.
        title: What the chart shows.
    """
    figure = Figure()
    set_frame(figure, title=title, plot_px=250)
    figure.add_bar(
        x=carried["labels"],
        y=carried["share"],
        marker={"color": NEUTRAL, "line": {"width": 0}},
        customdata=carried["images"],
        hovertemplate="%{x} labels: %{customdata:,} images (%{y:.1%})<extra></extra>",
    )
    put([figure.frame], showlegend=False, bargap=0.15)
    step = max(1, -(-int(carried["labels"].max()) // _MOST_TICKS))  # whole, rounded up
    put(figure.select_xaxes(), title="Labels per image", showgrid=False, tick0=0, dtick=step)
    put(figure.select_yaxes(), title="Share of images", tickformat=".0%", rangemode="tozero")
    return figure


def _summary(row: pd.Series, splits: Sequence[str]) -> str:
    lines = [f"<b>{safe_html(shorten(row['label'], n_chars=60))}</b>"]
    lines += [f"{SPLITS[split].word}: {count(row[split])} images" for split in splits]
    return "<br>".join(lines)
