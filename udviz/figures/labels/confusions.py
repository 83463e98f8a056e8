"""Pairs of labels of which one is wrongly seen beside the other."""

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure, subplots
from udviz.figures.style.markers import add_dots_with_intervals, add_rows, stripes_of
from udviz.figures.style.text import interval, number, safe_html, shorten
from udviz.figures.style.theme import MarkerStyle, add_rule, put, set_frame

_ROW_PX = 34
_UNIT = [0.0, 1.0]


def confusions(pairs: pd.DataFrame, *, names: str, style: MarkerStyle, title: str) -> Figure:
    """One row per pair: false-positive rates with and without the other label, and their lift.

    Args:
        pairs: Rows of the table ``confusions``.
        names: Column that names the rows, ``partner`` or ``label``; a click names it too.
        style: How the model that confuses them is drawn.
        title: What the chart shows, as plotly's HTML.
    """
    figure = subplots(cols=2, shared_yaxes=True, column_widths=[0.5, 0.5], horizontal_spacing=0.04)
    set_frame(figure, title=title, plot_px=_ROW_PX * len(pairs))
    labels, rows = pairs[names].tolist(), np.arange(len(pairs))
    hover = [_hover(pair) for _, pair in pairs.iterrows()]
    stripes = stripes_of(labels)
    ends = np.log10(pairs[["lift_low", "lift_high"]].to_numpy(float))
    lift_axis = [min(0.0, ends.min()) - 0.1, ends.max() + 0.1]
    add_rows(figure, labels, hover, stripes, extent=_UNIT, column=1)
    add_rows(figure, labels, hover, stripes, extent=lift_axis, column=2)
    _add_rates(figure, pairs, rows, style)
    add_dots_with_intervals(
        figure,
        np.log10(pairs["lift"].to_numpy(float)),
        (ends[:, 0], ends[:, 1]),
        rows,
        style=style,
        column=2,
    )
    add_rule(figure, x=0, place=2, width=1.5, dash="dot")
    own = (trace for trace in figure.traces if trace.get("legendgroup") == style.word)
    put(own, showlegend=False)
    put(figure.select_xaxes(col=1), range=_UNIT, title="False-positive rate, 0 to 1")
    decades = np.arange(int(np.floor(lift_axis[0])), int(np.ceil(lift_axis[1])) + 1)
    put(
        figure.select_xaxes(col=2),
        range=lift_axis,
        tickvals=decades,
        ticktext=[f"× {10.0**decade:,g}" for decade in decades],
        title="Lift: ratio of the two rates",
    )
    put(figure.select_yaxes(), range=[len(pairs) - 0.5, -0.5], showgrid=False)
    ticks = [safe_html(shorten(label)) for label in labels]
    put(figure.select_yaxes(col=1), tickvals=rows, ticktext=ticks)
    return figure


def _add_rates(figure: Figure, pairs: pd.DataFrame, rows: np.ndarray, style: MarkerStyle) -> None:
    for column, name, symbol in (
        ("rate", "other label present", style.symbol),
        ("rate_without", "other label absent", f"{style.symbol}-open"),
    ):
        figure.add_scatter(
            x=pairs[column],
            y=rows,
            mode="markers",
            marker={"color": style.colour, "symbol": symbol, "size": 10}
            | {"line": {"color": style.colour, "width": 2}},
            name=name,
            hoverinfo="skip",
            row=1,
            col=1,
        )


def _hover(pair: pd.Series) -> str:
    label, partner = (safe_html(shorten(pair[name])) for name in ("label", "partner"))
    bounds = interval(pair["lift_low"], pair["lift_high"], digits=1)
    return (
        f"With {partner} and without {label},<br>{label} is predicted on "
        f"{pair['false_positives']:,} of {pair['chances']:,} images ({number(pair['rate'])})"
        f"<br>with neither: {number(pair['rate_without'])}"
        f"<br>lift {number(pair['lift'], digits=1)} ({bounds})"
    )
