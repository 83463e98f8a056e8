"""Probabilities of one label in the images with it and in those without, model beside model.

All histograms lie on one pair of axes, each at a place of its own: a further pair takes a browser
about as long as all bars.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure, Settings
from udviz.figures.style.over import Over
from udviz.figures.style.text import interval
from udviz.figures.style.theme import GRID, LEFT_PX, NEUTRAL, MarkerStyle, coloured, put, set_frame
from udviz.stats.calibration.distributions import ProbabilityDistribution

MOST_COLUMNS = 4  # histograms side by side
_SHARES = [0.01, 0.1, 0.3, 0.6, 1.0]  # ticks of the shares
_SIDES, _SIGNS = ("with it", "without"), (1, -1)  # above and below the axis
_TICKS = (0, 0.5, 1)
_HATCHED = {"shape": "/", "fillmode": "overlay", "size": 5}
_HEADROOM = 1.15  # of the share axes above the highest bar
_ACROSS, _DOWN = 1.14, 2.35  # from one histogram to the next; one is 1 wide and 2 high
_ONE_ROW_PX, _ROW_PX = 300, 190  # height of a histogram, alone in its column and above another

_Line = tuple[float, float, float, float]  # from x, y to x, y


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a histogram lies: the left end of its axis of probabilities."""

    x: float
    y: float


def probability_distributions(
    distributions: Mapping[str, ProbabilityDistribution],
    styles: Mapping[str, MarkerStyle],
    *,
    title: str,
) -> Figure:
    """Probabilities of the images with the label above the axis, of those without it below.

    Bars grow with the square root of the share, so that the few that go wrong can be seen.

    Args:
        distributions: Model -> histograms of one label.
        styles: How each model is drawn.
        title: What the chart shows, as plotly's HTML.
    """
    places = _places(list(distributions))
    rows = sorted({place.y for place in places.values()}, reverse=True)
    columns = sorted({place.x for place in places.values()})
    height = 2 - rows[-1]
    plot_px = _ONE_ROW_PX if len(rows) == 1 else round(height / 2 * _ROW_PX)
    figure = Figure()
    set_frame(figure, title=title, plot_px=plot_px, left_px=LEFT_PX)
    reach = [_reach(distributions, side) for side in range(len(_SIGNS))]
    ticks = {
        sign * height: f"{share:.0%}"
        for side, sign in enumerate(_SIGNS)
        for share in _SHARES
        if (height := np.sqrt(share) / reach[side]) <= 1  # else it is of the row above or below
    }
    _rule(figure, places.values(), list(ticks))
    present, absent = (
        {
            name: _bars(found, styles[name], side=side, reach=reach[side], at=places[name])
            for name, found in distributions.items()
        }
        for side in range(len(_SIGNS))
    )
    colours = [styles[name].colour for name, bars in present.items() for _ in range(len(bars))]
    _add_bars(figure, pd.concat(present.values()), color=colours, line={"width": 0})
    for name, bars in absent.items():
        colour = styles[name].colour
        _add_bars(figure, bars, color=colour, line={"color": colour, "width": 1}, pattern=_HATCHED)
    put([figure.frame], showlegend=False, barmode="overlay", annotations=[])
    figure.annotations.extend(_name(styles[name], place) for name, place in places.items())
    n_images = next(found.counts.sum(axis=1) for found in distributions.values())
    figure.annotations.extend(
        _name_side(f"Share of<br>{n_images[side]:,} {_SIDES[side]}", y=row + sign / 2)
        for row in rows
        for side, sign in enumerate(_SIGNS)
    )
    put(
        figure.select_xaxes(),
        _ticks(columns, {tick: f"{tick:g}" for tick in _TICKS}),
        range=[0, columns[-1] + 1],
        title="Probability",
    )
    put(
        figure.select_yaxes(),
        _ticks(rows, ticks),
        range=[rows[-1] - 1, 1],
    )
    return figure


def thresholds_over(figure: Figure, thresholds: Mapping[str, float]) -> Over:
    """The thresholds of the models of `probability_distributions`, in their order."""
    over = Over(figure)
    for name, place in _places(list(thresholds)).items():
        over.add_line(place.x + thresholds[name], (place.y - 1, place.y + 1))
    return over


def _places(names: list[str]) -> dict[str, _Place]:
    """In reading order; the first is the origin."""
    rows, columns = np.divmod(np.arange(len(names)), MOST_COLUMNS)
    places = zip(_ACROSS * columns, -_DOWN * rows, strict=True)
    return {name: _Place(x=x, y=y) for name, (x, y) in zip(names, places, strict=True)}


def _ticks(starts: list[float], words: Mapping[float, str]) -> Settings:
    """The same ticks, place -> word, at every histogram."""
    at = np.add.outer(starts, list(words)).ravel()
    return {"showgrid": False, "tickvals": at, "ticktext": list(words.values()) * len(starts)}


def _rule(figure: Figure, places: Iterable[_Place], heights: Iterable[float]) -> None:
    """Draw the lines of the ticks, and the axis that the two sides stand on."""
    grid: list[_Line] = []
    axes: list[_Line] = []
    for place in places:
        grid += [(place.x, place.y + at, place.x + 1, place.y + at) for at in heights]
        grid += [(place.x + at, place.y - 1, place.x + at, place.y + 1) for at in _TICKS]
        axes.append((place.x, place.y, place.x + 1, place.y))
    _add_lines(figure, grid, layer="below", color=GRID, width=1)
    _add_lines(figure, axes, layer="above", color=NEUTRAL, width=1)


def _add_lines(figure: Figure, lines: Iterable[_Line], *, layer: str, **line: object) -> None:
    """Draw lines as one broken one, cut off where the histograms end."""
    path = "".join(f"M{x0:.6g},{y0:.6g}L{x1:.6g},{y1:.6g}" for x0, y0, x1, y1 in lines)
    shapes = figure.frame.setdefault("shapes", [])
    shapes.append({"type": "path", "path": path, "layer": layer, "line": line})


def _reach(distributions: Mapping[str, ProbabilityDistribution], side: int) -> float:
    """Root of the share at which the axis of one side ends."""
    highest = max(float(found.shares[side].max()) for found in distributions.values())
    return float(np.sqrt(_HEADROOM * highest)) or 1.0


def _name(style: MarkerStyle, place: _Place) -> Settings:
    """The name of a model above its histogram."""
    return {
        "text": coloured(style),
        **{"x": place.x + 0.5, "y": place.y + 1, "yanchor": "bottom"},
        **{"showarrow": False, "font": {"size": 13}},
    }


def _name_side(text: str, *, y: float) -> Settings:
    """What half of the y axis counts, written beside it."""
    return {
        "text": text,
        "textangle": -90,
        **{"x": 0, "xref": "paper", "xanchor": "center", "xshift": 16 - LEFT_PX},
        **{"y": y, "yref": "y", "yanchor": "middle"},
        **{"showarrow": False, "font": {"size": 13}},
    }


def _bars(
    found: ProbabilityDistribution, style: MarkerStyle, *, side: int, reach: float, at: _Place
) -> pd.DataFrame:
    """The bars of one side of a histogram that hold something, with what each says."""
    held = found.counts[side] > 0
    counts, shares = found.counts[side][held], found.shares[side][held]
    low, high = found.edges[:-1][held], found.edges[1:][held]
    told = [
        f"{style.glyph} {style.html}<br>probability {interval(start, end, digits=2)}"
        f"<br>{count:,} of {found.counts[side].sum():,} {_SIDES[side]} ({share:.1%})"
        for start, end, count, share in zip(low, high, counts, shares, strict=True)
    ]
    return pd.DataFrame(
        {"x": at.x + (low + high) / 2, "y": _SIGNS[side] * np.sqrt(shares) / reach}
        | {"base": at.y, "width": high - low, "hovertext": told}
    )


def _add_bars(figure: Figure, bars: pd.DataFrame, **marker: object) -> None:
    told: Settings = {str(name): bars[name] for name in bars}
    figure.add_bar(**told, marker=marker, hovertemplate="%{hovertext}<extra></extra>")
