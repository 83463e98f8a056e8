"""What each colour means, with the symbol and the word that say the same without colour.

Colours are from the palette of Okabe and Ito, some darkened until they stand out by at least 3 : 1
from the light and from the dark page (WCAG 2.2, 1.4.11).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go
from plotly.colors import sequential


@dataclass(frozen=True)
class Mark:
    """How one meaning is drawn.

    Attributes:
        word: The meaning in words.
        colour: Hex colour.
        symbol: Plotly's name of the marker.
        glyph: The same marker as a character, for text and tables.
    """

    word: str
    colour: str
    symbol: str
    glyph: str


ROLES = {
    "teacher": Mark("Teacher", "#B8659A", "diamond", "◆"),
    "baseline": Mark("Baseline", "#B98300", "square", "■"),
    "distilled": Mark("Distilled", "#1F7FC4", "circle", "●"),
}
UNDECIDED = "cannot tell"
VERDICTS = {
    "helped": Mark("helped", "#009E73", "triangle-up", "▲"),
    "hurt": Mark("hurt", "#D55E00", "triangle-down", "▼"),
    UNDECIDED: Mark("cannot tell", "#838A94", "circle-open", "○"),
}
NEUTRAL = "#838A94"
MAP_SCALE = tuple(sequential.Viridis)  # low to high
EVIDENCE_SCALE = ("#5E3C99", "#B2ABD2", "#F7F7F7", "#FDB863", "#E66101")  # against to for
SPLITS = {
    "train": Mark("Training", NEUTRAL, "circle", "●"),
    "val": Mark("Validation", NEUTRAL, "x-thin-open", "×"),
    "test": Mark("Test", NEUTRAL, "cross-thin-open", "+"),
}
AMOUNTS = "Cividis"  # a scale of amounts: even steps of lightness, the same to colour-blind eyes
ABOVE_PX = 66  # title and legend of a chart
RANK = Mark("Difficulty rank", NEUTRAL, "circle", "●")
GRID = "rgba(131, 138, 148, 0.22)"
STRIPE = "rgba(131, 138, 148, 0.07)"
OPENED = "rgba(31, 127, 196, 0.18)"
CLEAR = "rgba(0, 0, 0, 0)"


def between(low: Mark, high: Mark) -> tuple[str, ...]:
    """Scale of a difference: the colour of the one, white where they are equal, of the other."""
    return low.colour, "#F7F7F7", high.colour


def coloured(mark: Mark) -> str:
    """Glyph in its colour, then the word, as HTML."""
    return f'<span style="color:{mark.colour}">{mark.glyph}</span> {mark.word}'


def whole_ticks(n: int) -> dict[str, object]:
    """Ticks of an axis that counts from 1 to ``n``: never between two whole numbers."""
    return {"tick0": 1, "dtick": 1} if n <= 10 else {"nticks": 8, "tickformat": ",d"}


def set_frame(figure: go.Figure, *, title: str, plot_px: int, below_px: int = 50) -> None:
    """Give ``figure`` the look all charts share: title, legend below it, tight margins.

    Args:
        figure: Figure to lay out.
        title: What the chart shows.
        plot_px: Height of the plotting area.
        below_px: Room for the x axis: its tick names and its title.
    """
    height_px = ABOVE_PX + plot_px + below_px
    top = {"x": 0, "xref": "container", "yref": "container", "yanchor": "top"}
    legend = {"itemclick": False, "itemdoubleclick": False, "traceorder": "normal"}
    put(
        [figure.layout],
        title={**top, "text": title, "y": 1 - 6 / height_px, "font": {"size": 15}},
        legend={**top, "orientation": "h", "y": 1 - 32 / height_px, "font": {"size": 13}} | legend,
        height=height_px,
        margin={"l": 8, "r": 12, "t": ABOVE_PX, "b": below_px},
        hovermode="closest",
        dragmode=False,
        bargap=0,
        font={"size": 13},
    )
    put(figure.select_xaxes(), gridcolor=GRID, zeroline=False, fixedrange=True, automargin=False)
    put(figure.select_yaxes(), gridcolor=GRID, zeroline=False, fixedrange=True)


def put(
    parts: Iterable[Any], settings: Mapping[str, Any] = MappingProxyType({}), **more: Any
) -> None:
    """Set the same settings of several axes, notes or layouts of a figure, each as a whole.

    Plotly's own ``update_...`` merges nested settings and takes seven times as long: half of what
    building a figure takes.
    """
    for part in parts:
        for name, value in {**settings, **more}.items():
            part[name] = value
