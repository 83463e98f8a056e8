"""What each colour means, with the symbol and the word that say the same without colour.

Colours are from the palette of Okabe and Ito, some darkened until they stand out by at least 3 : 1
from the light and from the dark page (WCAG 2.2, 1.4.11).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from plotly.colors import sequential

from udviz.figures.style.figure import Figure, Settings
from udviz.figures.style.text import one_line, safe_html, shorten
from udviz.vocabulary import (
    BASELINE,
    DISTILLED,
    HELPED,
    HURT,
    INCONCLUSIVE,
    TEACHER,
    Verdict,
)


@dataclass(frozen=True)
class MarkerStyle:
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

    @property
    def html(self) -> str:
        """The meaning on one short line, as HTML: names come from other people's files."""
        return safe_html(shorten(self.word))

    @property
    def text(self) -> str:
        """Glyph and meaning, for a cell of a table."""
        return f"{self.glyph} {one_line(self.word)}"


NEUTRAL = "#838A94"
MOST_MODELS = 8  # that are told apart in one picture
_KEPT = {
    TEACHER: ("#B8659A", "diamond", "◆"),
    BASELINE: ("#B98300", "square", "■"),
    DISTILLED: ("#1F7FC4", "circle", "●"),
}
_FREE = (
    ("#698053", "cross", "✚"),
    ("#CC0033", "star", "★"),
    ("#8C66FF", "x", "✖"),
    ("#E622CD", "hexagon", "⬢"),
    ("#9F00FF", "triangle-right", "►"),
)
_UNDRAWN = (NEUTRAL, "diamond-open", "◇")
VERDICTS: dict[Verdict, MarkerStyle] = {
    HELPED: MarkerStyle(HELPED, "#009E73", "triangle-up", "▲"),
    HURT: MarkerStyle(HURT, "#D55E00", "triangle-down", "▼"),
    INCONCLUSIVE: MarkerStyle(INCONCLUSIVE, NEUTRAL, "circle-open", "○"),
}
MAP_SCALE = tuple(sequential.Viridis)  # low to high
EVIDENCE_SCALE = ("#5E3C99", "#B2ABD2", "#F7F7F7", "#FDB863", "#E66101")  # against to for
SPLITS: dict[str, MarkerStyle] = {
    "train": MarkerStyle("Training", NEUTRAL, "circle", "●"),
    "val": MarkerStyle("Validation", NEUTRAL, "x-thin-open", "×"),
    "test": MarkerStyle("Test", NEUTRAL, "cross-thin-open", "+"),
}
AMOUNTS = "Cividis"  # a scale of amounts: even steps of lightness, the same to colour-blind eyes
ABOVE_PX, TITLE_PX = 66, 34  # title and legend of a chart; title alone
_LEGEND_PX = 24  # from the top; with 30 px for a row and plotly's 12 px below it, `ABOVE_PX`
NARROW_PX = 430  # the narrowest chart beside another one
_ENTRY_PX, _LETTER_PX, _LINE_PX = 32, 7, 20  # of a legend
LEFT_PX = 66  # tick names and title of a y axis of shares or scores
RANK = MarkerStyle("Difficulty rank", NEUTRAL, "circle", "●")
CHANCE = MarkerStyle("random ranking", NEUTRAL, "line-ns-open", "|")
GRID = "rgba(131, 138, 148, 0.22)"
STRIPE = "rgba(131, 138, 148, 0.07)"
OPENED = "rgba(31, 127, 196, 0.18)"
CLEAR = "rgba(0, 0, 0, 0)"
AXIS = {
    "gridcolor": GRID,
    "zeroline": False,
    "fixedrange": True,
    "ticklabeloverflow": "allow",  # else the browser measures every tick name twice
}


def model_styles(names: Sequence[str]) -> dict[str, MarkerStyle]:
    """How each model is drawn: teacher, baseline and distilled as ever, others by their order.

    Args:
        names: Models of a study in its order; beyond `MOST_MODELS` all are drawn alike, so those
            that a person picked come first.
    """
    drawn = names[:MOST_MODELS]
    free = iter([*_FREE, *(look for name, look in _KEPT.items() if name not in drawn)])
    looks = {name: _KEPT[name] if name in _KEPT else next(free) for name in drawn}
    return {name: MarkerStyle(name, *looks.get(name, _UNDRAWN)) for name in names}


def verdict_style(verdict: object) -> MarkerStyle:
    """How a verdict of a table is drawn; an unknown one is inconclusive."""
    return next((style for v, style in VERDICTS.items() if v == verdict), VERDICTS[INCONCLUSIVE])


def between(low: MarkerStyle, high: MarkerStyle) -> tuple[str, ...]:
    """Scale of a difference: the colour of the one, white where they are equal, of the other."""
    return low.colour, "#F7F7F7", high.colour


def coloured(style: MarkerStyle) -> str:
    """Glyph in its colour, then the word, as HTML."""
    return f'<span style="color:{style.colour}">{style.glyph}</span> {style.html}'


def whole_ticks(n: int) -> dict[str, object]:
    """Ticks of an axis that counts from 1 to ``n``: never between two whole numbers."""
    return {"tick0": 1, "dtick": 1} if n <= 10 else {"nticks": 8, "tickformat": ",d"}


def set_frame(
    figure: Figure,
    *,
    title: str,
    plot_px: int,
    above_px: int = ABOVE_PX,
    below_px: int = 50,
    left_px: int | None = None,
) -> None:
    """Give ``figure`` the look all charts share: title, legend below it, tight margins.

    Args:
        figure: Figure to lay out.
        title: What the chart shows.
        plot_px: Height of the plotting area.
        above_px: Room for the title, and for the legend where there is one.
        below_px: Room for the x axis: its tick names and its title.
        left_px: Room for the y axis; None has it go by the names of its ticks (`as_sent`), and the
            browser measure whether that is enough.
    """
    height_px = above_px + plot_px + below_px
    top = {"x": 0, "xref": "container", "yref": "container", "yanchor": "top"}
    legend = {"itemclick": False, "itemdoubleclick": False, "traceorder": "normal"}
    put(
        [figure.frame],
        title={**top, "text": title, "y": 1 - 6 / height_px, "font": {"size": 15}},
        legend={**top, "orientation": "h", "y": 1 - _LEGEND_PX / height_px, "font": {"size": 13}}
        | legend,
        height=height_px,
        margin={"l": 8 if left_px is None else left_px, "r": 12, "t": above_px, "b": below_px},
        hovermode="closest",
        dragmode=False,
        bargap=0,
        font={"size": 13},
    )
    put(figure.select_xaxes(), AXIS, automargin=False)
    put(figure.select_yaxes(), AXIS)
    if left_px is not None:
        put(figure.select_yaxes(), automargin=False)


def room_above(words: Iterable[str], *, width_px: int = NARROW_PX) -> int:
    """Room for the title and a legend of ``words``, which wraps where it is wider than the chart.

    A browser that wraps gives every entry the width of the widest.
    """
    widths = [_ENTRY_PX + _LETTER_PX * len(shorten(word)) for word in words]
    if sum(widths) <= width_px:
        return ABOVE_PX
    per_row = max(1, width_px // max(widths))
    return ABOVE_PX + _LINE_PX * (-(-len(widths) // per_row) - 1)  # rounded up


def add_rule(
    figure: Figure,
    *,
    x: float | None = None,
    y: float | None = None,
    place: int = 1,
    width: float = 1,
    dash: str = "solid",
    layer: str = "above",
) -> None:
    """Draw a neutral line across plotting area ``place``, upright at ``x`` or level at ``y``.

    Plotly's own ``add_vline`` looks through all there is in a figure and takes 8 ms.
    """
    number = "" if place == 1 else place
    axis, across, at = ("x", "y", x) if y is None else ("y", "x", y)
    line = {
        "type": "line",
        **{f"{axis}0": at, f"{axis}1": at, f"{axis}ref": f"{axis}{number}"},
        **{f"{across}0": 0, f"{across}1": 1, f"{across}ref": f"{across}{number} domain"},
        "line": {"color": NEUTRAL, "width": width, "dash": dash},
        "layer": layer,
    }
    figure.frame.setdefault("shapes", []).append(line)


def put(
    parts: Iterable[Settings], settings: Mapping[str, Any] = MappingProxyType({}), **more: Any
) -> None:
    """Set the same settings of several axes, notes or layouts of a figure, each as a whole.

    A title may be a text; a browser takes it with its settings only.
    """
    settings = {**settings, **more}
    if isinstance(title := settings.get("title"), str):
        settings["title"] = {"text": title}
    for part in parts:
        part.update(settings)
