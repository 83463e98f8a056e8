import html
import json
import re

import pytest

from udviz.figures.style import over as module
from udviz.figures.style.figure import Figure
from udviz.figures.style.over import Over
from udviz.figures.style.theme import MOST_MODELS, MarkerStyle, model_styles, put, set_frame

HOSTILE = MarkerStyle('<b>"x"</b>', "#123456", "star", "★")


@pytest.fixture
def over():
    figure = Figure()
    set_frame(figure, title="t", plot_px=300, above_px=60, below_px=50, left_px=66)
    put(figure.select_xaxes(), range=[0, 2])
    put(figure.select_yaxes(), range=[-1, 1])
    return Over(figure)


def test_a_line_lies_where_the_axes_have_it(over):
    over.add_line(0.5, (-1, 0.5))

    drawn = over.html("said")
    # a quarter of what the margins leave of the width; of 300 px, 0.5 of 2 below the top at 60
    assert "left:calc(66px + (100% - 78px) * 0.25000);top:135.0px;height:225.0px" in drawn


def test_a_mark_lies_where_the_axes_have_it_and_says_its_words_as_text(over):
    over.add_mark(2, 1, style=HOSTILE, told=["precision 1"])

    drawn = over.html('a "name"')
    assert "left:calc(66px + (100% - 78px) * 1.00000);top:60.0px" in drawn
    assert "<b>" not in drawn
    assert 'aria-label="a &quot;name&quot;"' in drawn


def test_what_a_saved_picture_takes_is_what_lies_over_the_chart(over):
    over.add_line(0.5, (-1, 1))
    over.add_mark(2, 1, style=HOSTILE, told=[])

    saved = json.loads(html.unescape(re.search('data-saved="(.*?)"', over.html("said"))[1]))

    (line,), (mark,) = saved["shapes"], saved["traces"]
    assert (line["x0"], line["y0"], line["x1"], line["y1"]) == (0.5, -1, 0.5, 1)
    assert (mark["x"], mark["y"], mark["marker"]["symbol"]) == ([2], [1], "star")


def test_every_model_has_a_mark_to_draw():
    styles = model_styles([f"m{k}" for k in range(MOST_MODELS + 1)])

    assert {style.symbol for style in styles.values()} <= module._PATHS.keys()
