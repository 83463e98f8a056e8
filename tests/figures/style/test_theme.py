import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

from udviz.figures.style.figure import Figure
from udviz.figures.style.theme import (
    ABOVE_PX,
    MOST_MODELS,
    NEUTRAL,
    VERDICTS,
    add_rule,
    model_styles,
    room_above,
)

ROOT = Path(__file__).parents[3]
NAMES = ("teacher", "baseline", "distilled", "cal", "kd", "pdd", "mld", "cam")
MODELS = model_styles(NAMES)
MARKS = [*MODELS.values(), *VERDICTS.values()]
EYES = {  # Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB
    "all cones": np.eye(3),
    "no red cones": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no green cones": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no blue cones": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
LEAST_DIFFERENCE = 12  # of CIE L*a*b*; about 2 is just seen side by side


def linear_rgb(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def luminance(colour):
    return np.dot((0.2126, 0.7152, 0.0722), linear_rgb(colour))


def seen(colour, eye):
    """CIE L*a*b* of a colour as an eye sees it."""
    rgb = np.clip(np.asarray(EYES[eye]) @ linear_rgb(colour), 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.dot(to_xyz, rgb) / (0.9505, 1.0, 1.0890)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


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
    figure = Figure()

    add_rule(figure, x=0.5, place=2)
    add_rule(figure, y=3)

    upright, level = figure.layout.shapes
    assert (upright.xref, upright.x0, upright.x1) == ("x2", 0.5, 0.5)
    assert (upright.yref, upright.y0, upright.y1) == ("y2 domain", 0, 1)
    assert (level.yref, level.y0, level.y1) == ("y", 3, 3)
    assert (level.xref, level.x0, level.x1) == ("x domain", 0, 1)


@pytest.mark.parametrize("eye", EYES)
def test_colours_of_models_differ_to_every_eye(eye):
    colours = [seen(style.colour, eye) for style in MODELS.values()]

    differences = [np.linalg.norm(a - b) for a, b in itertools.combinations(colours, 2)]
    assert min(differences) > LEAST_DIFFERENCE


def test_the_default_models_keep_their_looks_whatever_is_beside_them():
    alone, among = model_styles(["distilled"]), model_styles(["cal", "distilled", "kd"])

    assert alone["distilled"] == among["distilled"] == MODELS["distilled"]


def test_a_model_added_at_the_end_changes_no_other():
    assert model_styles(NAMES[:5]) == {name: MODELS[name] for name in NAMES[:5]}


def test_models_beyond_eight_are_drawn_alike_and_the_first_eight_as_ever():
    styles = model_styles([*NAMES, "ninth", "tenth"])

    assert {name: styles[name] for name in NAMES} == MODELS
    assert styles["ninth"].colour == styles["tenth"].colour == NEUTRAL


def test_eight_models_with_none_of_the_default_names_differ():
    styles = model_styles([f"m{k}" for k in range(MOST_MODELS)]).values()

    assert len({style.colour for style in styles}) == len({s.symbol for s in styles}) == 8


def test_a_hostile_name_is_text_in_html():
    (style,) = model_styles(["<b>x</b>"]).values()

    assert "<b>" not in style.html


def test_a_legend_that_wraps_gets_more_room():
    assert room_above(["a", "b"]) == ABOVE_PX
    assert room_above(["a long name of a model"] * 8) == ABOVE_PX + 60  # three more lines
