"""What a threshold makes of one label's scores: precision against recall of every model."""

from collections.abc import Mapping

import numpy as np

from udviz.figures.style.figure import Figure
from udviz.figures.style.over import Over
from udviz.figures.style.text import number
from udviz.figures.style.theme import (
    LEFT_PX,
    MarkerStyle,
    add_rule,
    put,
    room_above,
    set_frame,
)
from udviz.stats.decisions.confusion import Confusion
from udviz.stats.ranking.precision_recall import PrecisionRecallCurve

_UNIT = [-0.02, 1.02]  # a mark at 0 or 1 is drawn whole
_ROOM = 0.08  # precision that a line of text below the prevalence takes
PLOT_PX = 300
_DIGITS = 5  # of a curve: a hundredth of a pixel


def precision_recall(
    curves: Mapping[str, PrecisionRecallCurve],
    styles: Mapping[str, MarkerStyle],
    *,
    prevalence: float,
    title: str,
) -> Figure:
    """Precision against recall of every model.

    Args:
        curves: Model -> curve of one label.
        styles: How each model is drawn.
        prevalence: Share of images with the label: the precision of a random ranking.
        title: What the chart shows, as plotly's HTML.
    """
    figure = Figure()
    words = [_curve_name(curve, styles[name]) for name, curve in curves.items()]
    above_px = room_above(words)
    set_frame(figure, title=title, plot_px=PLOT_PX, above_px=above_px, left_px=LEFT_PX)
    for name, curve in curves.items():
        _add_curve(figure, curve, styles[name])
    add_rule(figure, y=prevalence, width=1.5, dash="dot")
    figure.add_annotation(
        text=f"random ranking: {number(prevalence)}",
        x=0.5,
        y=prevalence,
        yanchor="top" if prevalence > _ROOM else "bottom",  # few curves fall below it
        showarrow=False,
        font={"size": 12},
    )
    recall, precision = figure.select_xaxes(), figure.select_yaxes()
    put(recall, range=_UNIT, title="Recall, 0 to 1")
    put(precision, range=_UNIT, title="Precision, 0 to 1")
    return figure


def points_over(
    figure: Figure,
    curves: Mapping[str, PrecisionRecallCurve],
    points: Mapping[str, Confusion],
    styles: Mapping[str, MarkerStyle],
) -> Over:
    """Where their thresholds put the models of `precision_recall`.

    Args:
        figure: The curves as they are drawn.
        curves: Model -> curve.
        points: Model -> decisions at the threshold; where nothing is predicted, the mark
            stands at the beginning of the curve.
        styles: How each model is drawn.
    """
    over = Over(figure)
    for name, point in points.items():
        precision = point.precision if point.predicted else float(curves[name].precision[0])
        told = [f"precision {number(point.precision)}", f"recall {number(point.recall)}"]
        told = told if point.predicted else ["predicts no image"]
        over.add_mark(point.recall, precision, style=styles[name], told=["at its threshold", *told])
    return over


def _add_curve(figure: Figure, curve: PrecisionRecallCurve, style: MarkerStyle) -> None:
    figure.add_scatter(
        x=np.append(0.0, curve.recall).round(_DIGITS),
        y=np.append(curve.precision[:1], curve.precision).round(_DIGITS),
        mode="lines",
        line={"color": style.colour, "width": 2, "shape": "vh"},
        name=_curve_name(curve, style),
        hoverinfo="skip",
    )


def _curve_name(curve: PrecisionRecallCurve, style: MarkerStyle) -> str:
    return f"{style.glyph} {style.html}, AP {number(curve.area)}"
