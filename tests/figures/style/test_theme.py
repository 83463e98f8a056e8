import tomllib
from pathlib import Path

import plotly.graph_objects as go
import pytest

from udviz.figures.style.theme import ROLES, VERDICTS, add_rule

ROOT = Path(__file__).parents[3]
MARKS = [*ROLES.values(), *VERDICTS.values()]


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(first, second):
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_greatest_contrast():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)


@pytest.mark.parametrize("page", ["light", "dark"])
@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: mark.word)
def test_every_mark_stands_out_from_the_page(mark, page):
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]

    assert contrast(mark.colour, theme[page]["backgroundColor"]) >= 3.0


@pytest.mark.parametrize("attribute", ["word", "colour", "symbol", "glyph"])
def test_no_two_meanings_share_a_mark(attribute):
    values = [getattr(mark, attribute) for mark in MARKS]

    assert len(set(values)) == len(MARKS)


def test_a_rule_crosses_its_own_plotting_area_from_edge_to_edge():
    figure = go.Figure()

    add_rule(figure, x=0.5, place=2)
    add_rule(figure, y=3)

    upright, level = figure.layout.shapes
    assert (upright.xref, upright.x0, upright.x1) == ("x2", 0.5, 0.5)
    assert (upright.yref, upright.y0, upright.y1) == ("y2 domain", 0, 1)
    assert (level.yref, level.y0, level.y1) == ("y", 3, 3)
    assert (level.xref, level.x0, level.x1) == ("x domain", 0, 1)
