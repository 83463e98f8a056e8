"""What abstaining on the least certain images would bring."""

from collections.abc import Mapping

import numpy as np

from udviz.figures.style.figure import Figure
from udviz.figures.style.text import number
from udviz.figures.style.theme import (
    LEFT_PX,
    NEUTRAL,
    MarkerStyle,
    add_rule,
    put,
    room_above,
    set_frame,
)
from udviz.stats.uncertainty.error_detection import RiskCoverage

MEASURES = {"entropy": "solid", "margin": "dash", "disagreement": "dot"}  # and how each is drawn
_ORACLE = "oracle ordering"  # puts all errors last
_HEADROOM = 1.15  # of the risk axis above the highest curve


def risk_coverage_curves(
    curves: Mapping[str, RiskCoverage], oracle: RiskCoverage, *, style: MarkerStyle, title: str
) -> Figure:
    """Error rate among the most certain images, one curve per measure of one model.

    Args:
        curves: Measure -> its curve.
        oracle: Curve of a measure that puts every error last.
        style: How the model is drawn.
        title: What the chart shows, as plotly's HTML.
    """
    figure = Figure()
    kept = f"all images kept: {number(oracle.area_random)}"
    above_px = room_above([*curves, _ORACLE, kept])
    set_frame(figure, title=title, plot_px=300, above_px=above_px, left_px=LEFT_PX)
    for measure, curve in curves.items():
        figure.add_scatter(
            x=curve.coverage,
            y=curve.risk,
            mode="lines",
            line={"color": style.colour, "width": 2.5, "dash": MEASURES[measure]},
            name=measure,
            hovertemplate=f"{measure}<br>%{{x:.0%}} kept<br>error rate %{{y:.3f}}<extra></extra>",
        )
    figure.add_scatter(
        x=oracle.coverage,
        y=oracle.risk,
        mode="lines",
        line={"color": NEUTRAL, "width": 1.5},
        name=_ORACLE,
        hoverinfo="skip",
    )
    add_rule(figure, y=oracle.area_random, width=1.5, dash="dot")
    figure.add_scatter(
        x=[1.0],
        y=[oracle.area_random],
        mode="markers",
        marker={"color": style.colour, "symbol": style.symbol, "size": 11},
        name=kept,
        hoverinfo="skip",
    )
    top = max(float(np.max(curve.risk)) for curve in (*curves.values(), oracle))
    share = {"title": "Share of images kept, the most certain first", "tickformat": ".0%"}
    put(figure.select_xaxes(), share, range=[0, 1.02])
    put(figure.select_yaxes(), range=[0, _HEADROOM * top or 1.0], title="Error rate among them")
    return figure
