"""Marks that move over a chart that stays.

A browser makes a chart anew when anything in it changes. What a person moves is therefore HTML
above the chart, placed by the chart's own margins and axes, and part of the chart where it is saved
(`udviz/ui/frame/paper.js`).
"""

import html
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from udviz.figures.style.figure import Figure, Settings
from udviz.figures.style.theme import NEUTRAL, MarkerStyle

_MARK_PX, _EDGE_PX = 13, 1.5
_BOX_PX = 22  # that holds every mark with its edge
_PATHS = {  # plotly's, of 13 px
    "circle": "M6.5,0A6.5,6.5 0 1,1 0,-6.5A6.5,6.5 0 0,1 6.5,0Z",
    "square": "M-6.5,-6.5H6.5V6.5H-6.5Z",
    "diamond": "M8.45,0L0,8.45L-8.45,0L0,-8.45Z",
    "diamond-open": "M8.45,0L0,8.45L-8.45,0L0,-8.45Z",
    "cross": "M7.8,2.6H2.6V7.8H-2.6V2.6H-7.8V-2.6H-2.6V-7.8H2.6V-2.6H7.8Z",
    "x": "M0,3.68l3.68,3.68l3.68,-3.68l-3.68,-3.68l3.68,-3.68l-3.68,-3.68l-3.68,3.68l-3.68,-3.68"
    "l-3.68,3.68l3.68,3.68l-3.68,3.68l3.68,3.68Z",
    "star": "M2.05,-2.81H8.65L3.3,1.07L5.35,7.36L0,3.48L-5.35,7.36L-3.3,1.07L-8.65,-2.81H-2.05"
    "L0,-9.1Z",
    "hexagon": "M5.63,-3.25V3.25L0,6.5L-5.63,3.25V-3.25L0,-6.5Z",
    "triangle-right": "M-3.25,7.51V-7.51L6.5,0Z",
}


class Over:
    """Upright lines and marks above the only plot of a figure whose margins are fixed."""

    def __init__(self, figure: Figure) -> None:
        frame, (x,), (y,) = figure.frame, figure.select_xaxes(), figure.select_yaxes()
        self._margin, self._height_px = frame["margin"], frame["height"]
        self._x, self._y = x["range"], y["range"]
        self._parts: list[str] = []
        self.shapes: list[Settings] = []
        self.traces: list[Settings] = []

    def add_line(self, x: float, ends: tuple[float, float]) -> None:
        """Draw a dashed line at ``x`` from the lower to the upper end."""
        low, high = ends
        place = f"{self._left(x)};top:{self._top(high):.1f}px"
        self._parts.append(
            f'<i style="{place};height:{self._top(low) - self._top(high):.1f}px"></i>'
        )
        line = {"color": NEUTRAL, "width": 2, "dash": "dash"}
        self.shapes.append({"type": "line", "x0": x, "x1": x, "y0": low, "y1": high, "line": line})

    def add_mark(self, x: float, y: float, *, style: MarkerStyle, told: Sequence[str]) -> None:
        """Draw a mark that says ``told``, a line each, when the pointer rests on it."""
        words = html.escape("\n".join([style.text, *told]))
        place = f"{self._left(x)};top:{self._top(y):.1f}px"
        self._parts.append(f'<img alt="" title="{words}" src="{_picture(style)}" style="{place}">')
        look = {"color": style.colour, "symbol": style.symbol, "size": _MARK_PX}
        edge = {"line": {"color": "white", "width": _EDGE_PX}}
        self.traces.append(
            {"type": "scatter", "mode": "markers", "x": [x], "y": [y], "marker": look | edge}
            | {"showlegend": False}
        )

    def html(self, said: str) -> str:
        """All of it, to lie on the chart; ``said`` tells it to a person who cannot see."""
        saved: dict[str, Any] = {"shapes": self.shapes, "traces": self.traces}
        return (
            f'<div class="udviz-over" role="img" aria-label="{html.escape(said)}" '
            f'data-saved="{html.escape(json.dumps(saved))}">{"".join(self._parts)}</div>'
        )

    def _left(self, x: float) -> str:
        low, high = self._x
        left, right = self._margin["l"], self._margin["r"]
        share = (x - low) / (high - low)
        return f"left:calc({left}px + (100% - {left + right}px) * {share:.5f})"

    def _top(self, y: float) -> float:
        low, high = self._y
        above, below = self._margin["t"], self._margin["b"]
        share = (high - y) / (high - low)
        return float(above + (self._height_px - above - below) * share)


def _picture(style: MarkerStyle) -> str:
    """A mark as the address of a picture."""
    half = _BOX_PX / 2
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_BOX_PX}" height="{_BOX_PX}" '
        f'viewBox="{-half} {-half} {_BOX_PX} {_BOX_PX}"><path d="{_PATHS[style.symbol]}" '
        f'fill="{style.colour}" stroke="white" stroke-width="{_EDGE_PX}"/></svg>'
    )
    return f"data:image/svg+xml,{quote(drawn)}"
