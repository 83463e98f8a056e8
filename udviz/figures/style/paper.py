"""A figure as a paper prints it: light, with dark letters, as wide as a column or a page.

`udviz/ui/frame/paper.js` does the same to a chart on a page, with the numbers of `SETTINGS`.
"""

from typing import Any

import plotly.graph_objects as go

from udviz.figures.style.figure import Figure
from udviz.figures.style.look import LOOK

WIDTHS_MM = {"column": 85, "page": 180}
DPI = 300  # of a picture in pixels
MM_PER_INCH = 25.4
CSS_PX_PER_MM = 96 / MM_PER_INCH
PX_PER_MM = 860 / WIDTHS_MM["page"]  # as drawn, so that letters of 13 px are 7.7 pt in print
_FONT = {"color": "#1B2430", "family": "Arial, Helvetica, sans-serif"}
_PAPER = "#FFFFFF"
_TITLE_PX, _LINE_PX, _LETTER_PX = 26, 18, 6.5  # as `set_frame` lays charts out
_FULL = 0.7  # of the width; beyond it the title of an x axis goes on two lines
SETTINGS: dict[str, Any] = {
    "widths": WIDTHS_MM,
    "dpi": DPI,
    "mmPerInch": MM_PER_INCH,
    "cssPxPerMm": CSS_PX_PER_MM,
    "pxPerMm": PX_PER_MM,
    "font": _FONT,
    "paper": _PAPER,
    "titlePx": _TITLE_PX,
    "linePx": _LINE_PX,
    "letterPx": _LETTER_PX,
    "full": _FULL,
}


def printed(figure: Figure, *, width_mm: float) -> go.Figure:
    """A copy of ``figure`` for print, without its title, which is for the caption.

    Args:
        figure: As `set_frame` laid it out.
        width_mm: In print; the copy is `PX_PER_MM` times as many pixels wide.
    """
    width = width_mm * PX_PER_MM
    paper = figure.plotly()
    below = _LINE_PX * any([_break_title(axis, width) for axis in paper.select_xaxes()])
    height = paper.layout.height - _TITLE_PX + below
    margin = paper.layout.margin
    paper.update_layout(
        template=LOOK,
        font=_FONT | {"size": paper.layout.font.size},
        title={"text": ""},
        paper_bgcolor=_PAPER,
        plot_bgcolor=_PAPER,
        width=width,
        height=height,
        margin={"t": margin.t - _TITLE_PX, "b": margin.b + below},
    )
    paper.layout.legend.y = 1 - 6 / height
    return paper


def _break_title(axis: go.layout.XAxis, width: float) -> bool:
    """Write what is in brackets in a long title on a line of its own; whether it was."""
    title = axis.title.text or ""
    if len(title) * _LETTER_PX <= _FULL * width or " (" not in title:
        return False
    axis.title.text = title.replace(" (", "<br>(", 1)
    return True
