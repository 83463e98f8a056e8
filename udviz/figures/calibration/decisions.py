"""One label's scores and what a threshold makes of them, model beside model."""

from collections.abc import Mapping

import numpy as np

from udviz.figures.style.figure import Figure, subplots
from udviz.figures.style.text import interval, number
from udviz.figures.style.theme import (
    LEFT_PX,
    NEUTRAL,
    MarkerStyle,
    add_rule,
    coloured,
    put,
    room_above,
    set_frame,
)
from udviz.stats.calibration.distributions import ProbabilityDistribution
from udviz.stats.decisions.confusion import Confusion
from udviz.stats.ranking.precision_recall import PrecisionRecallCurve

_SHARES = [0.01, 0.1, 0.3, 0.6, 1.0]  # ticks of the shares
_SIDES, _SIGNS = ("with it", "without"), (1, -1)  # above and below the axis
_HEADROOM = 1.15  # of the share axes above the highest bar
_UNIT = [-0.02, 1.02]  # a mark at 0 or 1 is drawn whole
_ROOM = 0.08  # precision that a line of text below the prevalence takes
PLOT_PX = 300
MOST_COLUMNS = 4  # histograms side by side
_ROW_PX, _BETWEEN_PX = 190, 84  # where they take several rows


def probability_distributions(
    distributions: Mapping[str, ProbabilityDistribution],
    thresholds: Mapping[str, float],
    styles: Mapping[str, MarkerStyle],
    *,
    title: str,
) -> Figure:
    """Probabilities of the images with the label above the axis, of those without it below.

    Bars grow with the square root of the share, so that the few that go wrong can be seen.

    Args:
        distributions: Model -> histograms of one label.
        thresholds: Model -> decision threshold, a probability.
        styles: How each model is drawn.
        title: What the chart shows, as plotly's HTML.
    """
    n_rows = -(-len(distributions) // MOST_COLUMNS)  # rounded up
    n_columns = min(MOST_COLUMNS, len(distributions))
    plot_px = PLOT_PX if n_rows == 1 else n_rows * _ROW_PX + (n_rows - 1) * _BETWEEN_PX
    figure = subplots(
        rows=n_rows,
        cols=n_columns,
        shared_yaxes=True,
        subplot_titles=[coloured(styles[name]) for name in distributions],
        horizontal_spacing=0.04,
        vertical_spacing=_BETWEEN_PX / plot_px if n_rows > 1 else 0.0,
    )
    set_frame(figure, title=title, plot_px=plot_px, left_px=LEFT_PX)
    figure.frame["showlegend"] = False
    figure.frame["barmode"] = "overlay"
    put(figure.annotations, font={"size": 13})
    reach = [_reach(distributions, side) for side in range(len(_SIGNS))]
    for place, (name, found) in enumerate(distributions.items()):
        row, column = divmod(place, n_columns)
        add_rule(figure, x=thresholds[name], place=place + 1, width=2, dash="dash")
        for side in range(len(_SIGNS)):
            at = {"row": row + 1, "col": column + 1}
            _add_side(figure, found, styles[name], side=side, reach=reach[side], at=at)
    put(figure.select_xaxes(), range=[0, 1], tickvals=[0, 0.5, 1], title="Probability")
    heights = [sign * np.sqrt(_SHARES) / reach[side] for side, sign in enumerate(_SIGNS)]
    ticks = {
        "tickvals": np.concatenate(heights),
        "ticktext": [f"{share:.0%}" for share in _SHARES] * len(_SIGNS),
    }
    put(figure.select_yaxes(), ticks, range=[-1, 1], zeroline=True, zerolinecolor=NEUTRAL)
    for side, sign in enumerate(_SIGNS):
        n_images = next(int(found.counts[side].sum()) for found in distributions.values())
        for row in range(n_rows):
            axis = f"y{row * n_columns + 1}" if row else "y"
            _name_side(figure, f"Share of<br>{n_images:,} {_SIDES[side]}", y=sign / 2, axis=axis)
    return figure


def _reach(distributions: Mapping[str, ProbabilityDistribution], side: int) -> float:
    """Root of the share at which the axis of one side ends."""
    highest = max(float(found.shares[side].max()) for found in distributions.values())
    return float(np.sqrt(_HEADROOM * highest)) or 1.0


def _name_side(figure: Figure, text: str, *, y: float, axis: str) -> None:
    """Write what half of the y axis counts beside it."""
    figure.add_annotation(
        text=text,
        textangle=-90,
        **{"x": 0, "xref": "paper", "xanchor": "center", "xshift": 16 - LEFT_PX},
        **{"y": y, "yref": axis, "yanchor": "middle"},
        showarrow=False,
        font={"size": 13},
    )


def _add_side(
    figure: Figure,
    found: ProbabilityDistribution,
    style: MarkerStyle,
    *,
    side: int,
    reach: float,
    at: Mapping[str, int],
) -> None:
    counts, shares, edges = found.counts[side], found.shares[side], found.edges
    bins = zip(edges[:-1], edges[1:], counts, shares, strict=True)
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=_SIGNS[side] * np.sqrt(shares) / reach,
        width=np.diff(edges),
        marker={
            "color": style.colour,
            "line": {"color": style.colour, "width": side * (counts > 0)},
            "pattern": {"shape": ("", "/")[side], "fillmode": "overlay", "size": 5},
        },
        hovertext=[
            f"{style.glyph} {style.html}<br>probability {interval(low, high, digits=2)}"
            f"<br>{count:,} of {counts.sum():,} {_SIDES[side]} ({share:.1%})"
            for low, high, count, share in bins
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        **at,
    )


def precision_recall(
    curves: Mapping[str, PrecisionRecallCurve],
    points: Mapping[str, Confusion],
    styles: Mapping[str, MarkerStyle],
    *,
    prevalence: float,
    title: str,
) -> Figure:
    """Precision against recall of every model, with where its threshold puts it.

    Args:
        curves: Model -> curve of one label.
        points: Model -> decisions at the threshold; where nothing is predicted, the mark
            stands at the beginning of the curve.
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
    for name, point in points.items():
        _add_point(figure, point, styles[name], start=float(curves[name].precision[0]))
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


def _add_curve(figure: Figure, curve: PrecisionRecallCurve, style: MarkerStyle) -> None:
    figure.add_scatter(
        x=np.append(0.0, curve.recall),
        y=np.append(curve.precision[:1], curve.precision),
        mode="lines",
        line={"color": style.colour, "width": 2, "shape": "vh"},
        name=_curve_name(curve, style),
        hoverinfo="skip",
    )


def _curve_name(curve: PrecisionRecallCurve, style: MarkerStyle) -> str:
    return f"{style.glyph} {style.html}, AP {number(curve.area)}"


def _add_point(figure: Figure, point: Confusion, style: MarkerStyle, *, start: float) -> None:
    told = f"precision {number(point.precision)}<br>recall {number(point.recall)}"
    figure.add_scatter(
        x=[point.recall],
        y=[point.precision if point.predicted else start],
        mode="markers",
        marker={"color": style.colour, "symbol": style.symbol, "size": 13}
        | {"line": {"color": "white", "width": 1.5}},
        name=style.html,
        showlegend=False,
        hovertext=[
            f"{style.glyph} {style.html} at its threshold<br>"
            + (told if point.predicted else "predicts no image")
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
