"""A chart while it is made: plotly's settings in plain dictionaries, on one or several plots.

Plotly's own figure checks and copies every setting as it comes, which takes longer than most of
what a page does. Here it does so when it is asked (`Figure.plotly`): by files, reports and tests.
"""

import itertools
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

Settings = dict[str, Any]  # as plotly names them
_Cells = Mapping[tuple[int, int], tuple[str, str]]  # row, column -> x and y axis, as ``x2``, ``y``
_ONE: _Cells = {(1, 1): ("x", "y")}


class Figure:
    """Traces and a layout.

    Attributes:
        traces: Settings of every trace.
        frame: Settings of the layout; every plotting area has its axes there.
    """

    def __init__(self, frame: Settings | None = None, cells: _Cells = _ONE) -> None:
        self.traces: list[Settings] = []
        self.frame: Settings = {"xaxis": {}, "yaxis": {}} if frame is None else frame
        self._cells = cells

    def add_scatter(self, *, row: int = 1, col: int = 1, **settings: Any) -> None:
        """Add points or lines to the plot in a row and column, counted from 1."""
        self._add("scatter", row, col, settings)

    def add_bar(self, *, row: int = 1, col: int = 1, **settings: Any) -> None:
        """Add bars."""
        self._add("bar", row, col, settings)

    def add_heatmap(self, **settings: Any) -> None:
        """Add coloured cells to the only plot."""
        self._add("heatmap", 1, 1, settings)

    def add_annotation(self, **settings: Any) -> None:
        """Write something."""
        self.annotations.append(settings)

    @property
    def annotations(self) -> list[Settings]:
        """What is written beside the marks."""
        written: list[Settings] = self.frame.setdefault("annotations", [])
        return written

    def select_xaxes(self, row: int | None = None, col: int | None = None) -> list[Settings]:
        """The x axes of a row, of a column, or all."""
        return self._axes(0, row, col)

    def select_yaxes(self, row: int | None = None, col: int | None = None) -> list[Settings]:
        """The y axes of a row, of a column, or all."""
        return self._axes(1, row, col)

    @property
    def title(self) -> str:
        """What the chart shows."""
        return str(self.frame["title"]["text"])

    def plotly(self) -> go.Figure:
        """The same as plotly's figure.

        Raises:
            ValueError: If plotly knows no such setting, or no such value of one.
        """
        return go.Figure({"data": self.traces, "layout": self.frame})

    @property
    def data(self) -> Any:
        """The traces as plotly understands them."""
        return self.plotly().data

    @property
    def layout(self) -> Any:
        """The layout as plotly understands it."""
        return self.plotly().layout

    def _add(self, kind: str, row: int, col: int, settings: Settings) -> None:
        x, y = self._cells[row, col]
        self.traces.append({"type": kind, "xaxis": x, "yaxis": y, **settings})

    def _axes(self, which: int, row: int | None, col: int | None) -> list[Settings]:
        names = {
            axes[which]: None  # each once, in their order
            for (at_row, at_col), axes in self._cells.items()
            if row in (None, at_row) and col in (None, at_col)
        }
        return [self.frame[f"{name[0]}axis{name[1:]}"] for name in names]


def subplots(**settings: Any) -> Figure:
    """A figure with the plotting areas that ``plotly.subplots.make_subplots`` makes."""
    frame, cells = _areas(json.dumps(settings))
    return Figure(json.loads(frame), cells)


@lru_cache(maxsize=64)
def _areas(settings: str) -> tuple[str, _Cells]:
    """The layout as JSON, and where its axes are."""
    asked = json.loads(settings)
    made = make_subplots(**asked)
    made.layout.template = None
    places = itertools.product(
        range(1, asked.get("rows", 1) + 1), range(1, asked.get("cols", 1) + 1)
    )
    areas = {place: made.get_subplot(*place) for place in places}
    cells = {
        place: tuple(axis.plotly_name.replace("axis", "") for axis in area)
        for place, area in areas.items()
        if area is not None
    }
    return json.dumps(made.layout.to_plotly_json()), cells
