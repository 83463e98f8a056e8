"""Co-occurrence of labels, every pair as a cell."""

from collections.abc import Sequence

import numpy as np

from udviz.figures.style.figure import Figure
from udviz.figures.style.markers import CLICKABLE
from udviz.figures.style.text import number, safe_html, shorten
from udviz.figures.style.theme import AMOUNTS, CLEAR, put, set_frame

CELL_PX = 24
_LETTER_PX = 7  # of a tick's name
_WRITTEN_UP_TO = 16  # labels, beyond which a number in a cell could not be read
_LIFTS = (0.125, 0.25, 0.5, 1, 2, 4, 8)  # ends of the colours: beyond them all look alike


def conditional_heatmap(conditional: np.ndarray, names: Sequence[str], *, title: str) -> Figure:
    """P(column's label | row's label) as colour; a click on a cell names the row's label.

    Colours go from 0 to the largest that is drawn, rounded up to a tenth.

    Args:
        conditional: (K, K) in [0, 1]; NaN is not drawn.
        names: The K labels.
        title: What the chart shows.
    """
    largest = np.nanmax(conditional, initial=0.1)
    bar = {"title": {"text": "P(column | row)"}, "tickformat": ".2g", "thickness": 14}
    return _heatmap(
        conditional,
        conditional,
        names,
        scale={"zmin": 0, "zmax": np.ceil(10 * largest) / 10, "colorbar": bar},
        meaning="P(column | row)",
        title=title,
    )


def lift_heatmap(lift: np.ndarray, names: Sequence[str], *, title: str) -> Figure:
    """How much more often two labels co-occur than if independent; like `conditional_heatmap`.

    Args:
        lift: (K, K) at least 0, 1 if independent; NaN is not drawn.
        names: The K labels.
        title: What the chart shows.
    """
    ends = np.log2([_LIFTS[0], _LIFTS[-1]])
    with np.errstate(divide="ignore"):  # never co-occur
        colours = np.clip(np.log2(lift), *ends)
    ticks = [f"{value:g}" for value in _LIFTS]
    ticks[0], ticks[3], ticks[-1] = f"≤ {ticks[0]}", "1 (independent)", f"≥ {ticks[-1]}"
    bar = {"tickvals": np.log2(_LIFTS).tolist(), "ticktext": ticks, "thickness": 14}
    bar["title"] = {"text": "Lift"}
    return _heatmap(
        colours,
        lift,
        names,
        scale={"zmin": ends[0], "zmax": ends[1], "colorbar": bar},
        meaning="lift",
        title=title,
    )


def _heatmap(
    colours: np.ndarray,
    values: np.ndarray,
    names: Sequence[str],
    *,
    scale: dict[str, object],
    meaning: str,
    title: str,
) -> Figure:
    n = len(names)
    figure = Figure()
    short = [safe_html(shorten(name, n_chars=24)) for name in names]
    below_px = 50 + _LETTER_PX * max(len(name) for name in short)
    set_frame(figure, title=title, plot_px=max(6, n) * CELL_PX, below_px=below_px)
    digits = 2 if meaning.startswith("P") else 1
    written = [[number(value, digits=digits) for value in row] for row in values]
    figure.add_heatmap(
        z=colours,
        colorscale=AMOUNTS,
        xgap=1,
        ygap=1,
        hoverinfo="skip",
        text=written if n <= _WRITTEN_UP_TO else None,
        texttemplate="%{text}" if n <= _WRITTEN_UP_TO else None,
        **scale,
    )
    row, column = (place.ravel().tolist() for place in np.indices(values.shape))
    figure.add_scatter(  # a heatmap takes no clicks
        x=column,
        y=row,
        mode="markers",
        marker={"symbol": "square", "size": CELL_PX, "color": CLEAR},
        customdata=[names[place] for place in row],
        hovertext=[
            f"given {short[r]}<br>co-occurring {short[c]}"
            f"<br>{meaning} {number(values[r, c], digits=3)}"
            for r, c in zip(row, column, strict=True)
        ],
        **CLICKABLE,
    )
    ticks = {"tickvals": list(range(n)), "ticktext": short, "showgrid": False}
    put([figure.frame], showlegend=False)
    put(
        figure.select_xaxes(),
        ticks,
        range=[-0.5, n - 0.5],
        tickangle=-90,
        title="Co-occurring label",
    )
    put(figure.select_yaxes(), ticks, range=[n - 0.5, -0.5], title="Given label")
    return figure
