"""Reliability diagrams: how often a label is present among images with about the same probability.

The height of a mark is the observed frequency of a label, not an accuracy.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from udviz.figures.style.figure import Figure, Settings, subplots
from udviz.figures.style.markers import interval_path
from udviz.figures.style.text import interval, number
from udviz.figures.style.theme import LEFT_PX, NEUTRAL, MarkerStyle, put, room_above, set_frame
from udviz.stats.calibration.reliability_bins import ReliabilityBins

_BAR = 0.012  # width of a bar of counts, as a probability
_UNIT = [-0.03, 1.03]  # a mark at 0 or 1 is drawn whole


def reliability_diagram(
    bins: Mapping[str, ReliabilityBins],
    styles: Mapping[str, MarkerStyle],
    *,
    thing: str,
    title: str,
) -> Figure:
    """Models overlaid in one diagram, with the counts of their bins below it.

    Args:
        bins: Model -> bins of one label, or of all labels pooled (L = 1).
        styles: How each model is drawn.
        thing: What the bins count, e.g. ``images``.
        title: What the chart shows, as plotly's HTML.
    """
    figure = subplots(rows=2, shared_xaxes=True, row_heights=[0.78, 0.22], vertical_spacing=0.04)
    above_px = room_above(["perfectly calibrated", *bins])
    set_frame(figure, title=title, plot_px=420, above_px=above_px, left_px=LEFT_PX)
    _add_diagonal(figure)
    for place, (name, found) in enumerate(bins.items()):
        _add_bins(figure, found, styles[name], thing=thing)
        _add_counts(figure, found, styles[name], lane=place - (len(bins) - 1) / 2)
    put(figure.select_xaxes(), range=_UNIT)
    put(figure.select_xaxes(row=2), title="Mean predicted probability of the bin")
    put(figure.select_yaxes(row=1), range=_UNIT, title="Observed frequency of the label")
    top = np.log10(max((found.count.max() for found in bins.values()), default=1))
    decades = {"type": "log", "dtick": 1 if top <= 3 else 2, "tickformat": "~s"}
    put(figure.select_yaxes(row=2), decades, range=[-0.3, top + 0.2], title=thing.capitalize())
    return figure


@dataclass(frozen=True, eq=False, kw_only=True)
class HeldBins:
    """What is drawn of the bins that hold something, (B,) each.

    Attributes:
        prob: Mean probability.
        frequency: Observed frequency.
        low: Lower end of its Wilson interval.
        high: Upper end.
    """

    prob: np.ndarray
    frequency: np.ndarray
    low: np.ndarray
    high: np.ndarray


def held_bins(bins: ReliabilityBins) -> HeldBins:
    """The bins of one label that hold something."""
    held = bins.count[0] > 0
    low, high = (ends[0][held] for ends in bins.frequency_interval())
    prob, frequency = bins.mean_prob[0][held], bins.frequency[0][held]
    return HeldBins(prob=prob, frequency=frequency, low=low, high=high)


def _add_diagonal(figure: Figure) -> None:
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": NEUTRAL, "width": 1.5, "dash": "dot"},
        name="perfectly calibrated",
        hoverinfo="skip",
        row=1,
        col=1,
    )


def _add_bins(figure: Figure, bins: ReliabilityBins, style: MarkerStyle, *, thing: str) -> None:
    """Draw the bins that hold something, with their intervals."""
    held = held_bins(bins)
    y, x = interval_path((held.low, held.high), held.prob)
    shared: Settings = {"legendgroup": style.word, "row": 1, "col": 1}
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": style.colour, "width": 2},
        opacity=0.5,
        hoverinfo="skip",
        showlegend=False,
        **shared,
    )
    figure.add_scatter(
        x=held.prob,
        y=held.frequency,
        mode="lines+markers",
        line={"color": style.colour, "width": 1},
        marker={"color": style.colour, "symbol": style.symbol, "size": 9},
        name=style.html,
        hovertext=_hover(bins, style, thing),
        hovertemplate="%{hovertext}<extra></extra>",
        **shared,
    )


def _hover(bins: ReliabilityBins, style: MarkerStyle, thing: str) -> list[str]:
    low, high = (ends[0] for ends in bins.frequency_interval())
    return [
        f"{style.glyph} {style.html}<br>probability {number(bins.mean_prob[0, q])}"
        f" (bin {interval(bins.edges[0, q], bins.edges[0, q + 1])})"
        f"<br>frequency {number(bins.frequency[0, q])} ({interval(low[q], high[q])})"
        f"<br>{bins.count[0, q]:,} {thing}, {bins.positives[0, q]:,} with the label"
        for q in np.flatnonzero(bins.count[0])
    ]


def _add_counts(figure: Figure, bins: ReliabilityBins, style: MarkerStyle, *, lane: float) -> None:
    """Draw counts at the middle of bins of equal width, else below the marks; lane by lane."""
    held, widths = bins.count[0] > 0, np.diff(bins.edges[0])
    middles = bins.edges[0, :-1] + widths / 2
    even = np.ptp(widths) < 1e-9
    x, width = (middles, _BAR) if even else (bins.mean_prob[0], _BAR / 3)
    figure.add_bar(
        x=x[held] + lane * width,
        y=bins.count[0][held],
        width=width,
        marker={"color": style.colour, "line": {"width": 0}},
        legendgroup=style.word,
        showlegend=False,
        hoverinfo="skip",
        row=2,
        col=1,
    )
    figure.frame["barmode"] = "overlay"
