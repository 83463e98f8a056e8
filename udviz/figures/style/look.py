"""What every chart looks like where it says nothing else, and a chart as it is sent to a browser.

Streamlit's own theme would say it too, but as a template, whose coming has plotly draw every chart
twice. So a chart brings its look; what changes with the colours of the page is in `style.css`.
"""

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure
from udviz.figures.style.theme import CLEAR

_TICKS, _AXIS_TITLE = {"size": 11.25}, {"size": 13.125}
LOOK: dict[str, Any] = {  # a template: sizes in px, at the font size of our pages
    "layout": {
        "margin": {"pad": 7.5},
        "xaxis": {"showgrid": False, "tickfont": _TICKS}
        | {"title": {"font": _AXIS_TITLE, "standoff": 18.75}},
        "yaxis": {"automargin": True, "tickfont": _TICKS}
        | {"title": {"font": _AXIS_TITLE, "standoff": 22.5}},
    },
    "data": {"scatter": [{"marker": {"line": {"width": 0}}}]},
}
_FAMILY = {"family": '"Source Sans", sans-serif'}
_ON_PAGE: dict[str, Any] = {
    "font": _FAMILY,
    "title": {"font": {"weight": "bold"}, "pad": {"l": 3.75}},
    "hoverlabel": {"font": _FAMILY | {"size": 11.25}},
    "paper_bgcolor": CLEAR,
    "plot_bgcolor": CLEAR,
    "autosize": True,  # with a width in whole pixels, as Streamlit tells it only after a first look
    "datarevision": 1,  # equal lists are equal data, though a browser has read them anew
}
_AXIS = re.compile("([xy]axis)[0-9]*")
_TAG = re.compile("<[^>]*>")
_LETTERS = {  # widths in em, rounded up
    0.28: "ijlI.,:;'|",
    0.36: "frt-()[]{}!/\\* ",
    0.51: "acegsvxyzJLF0123456789",
    0.58: "bdhknopquABCEKPRSTVXYZ=+",
    0.7: "DGHNOQU",
    0.86: "mwMW@%&→",
}
_WIDTHS = {letter: width for width, letters in _LETTERS.items() for letter in letters}
_BESIDE_PX = 20  # between the names of an axis and its marks, and to the edge
_NUMBERS_PX = 82  # of an axis of numbers, with its title
_TITLE_PX = 36  # that the title of a y axis takes beyond the names


def as_sent(figure: Figure) -> dict[str, Any]:
    """``figure`` with its look and without a template, as JSON has it: arrays as lists.

    Plotly takes an array that comes packed for a new one whenever it looks at it again.
    """
    given = figure.frame
    axes = {name: LOOK["layout"][kind[1]] for name in given if (kind := _AXIS.fullmatch(name))}
    layout = _filled(given, {**_ON_PAGE, **axes, "margin": LOOK["layout"]["margin"]})
    upright = [name for name in axes if name.startswith("y")]
    layout["margin"]["l"] = max(layout["margin"]["l"], *(_room_of(layout[n]) for n in upright))
    layout |= {name: layout[name] | {"automargin": False} for name in upright}
    return {
        "data": [_as_json(trace) for trace in figure.traces],
        "layout": _as_json(layout),
    }


def _room_of(axis: Mapping[str, Any]) -> float:
    """Room that the names and the title of a y axis take, in px, rather a little more than less.

    A browser that looks for room itself measures every name, and draws the whole chart a second
    time where it finds too little: with the letters of another font, if ours has not come yet.
    """
    if not axis["automargin"] or axis.get("showticklabels") is False:
        return 0
    if "ticktext" not in axis:
        return _NUMBERS_PX
    title = _TITLE_PX if "text" in axis["title"] else 0
    widest = max(map(width_em, axis["ticktext"]), default=0)
    return float(_BESIDE_PX + title + widest * axis["tickfont"]["size"])


def width_em(text: str) -> float:
    """About how wide the widest line of plotly's HTML is, in its letters' size; 1 if unknown."""
    lines = html.unescape(_TAG.sub("", text.replace("<br>", "\n"))).split("\n")
    return max(sum(map(_letter_em, line)) for line in lines)


def _letter_em(letter: str) -> float:
    if unicodedata.category(letter) in ("Cf", "Mn"):  # seen only in what they do to others
        return 0
    plain = unicodedata.normalize("NFD", letter)[0]
    return _WIDTHS.get(plain, 1)


def _filled(given: Mapping[str, Any], look: Mapping[str, Any]) -> dict[str, Any]:
    """``look`` where ``given`` says nothing."""
    filled = {**look, **given}
    for name in given.keys() & look.keys():
        if isinstance(look[name], Mapping):
            filled[name] = _filled(given[name], look[name])
    return filled


def _as_json(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic | pd.Series):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {name: _as_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(part) for part in value]
    return None if value != value else value  # NaN is no JSON
