import json

import numpy as np
import pytest

from udviz.figures.style.figure import Figure
from udviz.figures.style.look import LOOK, as_sent, width_em
from udviz.figures.style.theme import put, set_frame


def sent(**axis):
    figure = Figure()
    figure.add_scatter(x=np.array([1.0, np.nan]), y=[0, 1])
    set_frame(figure, title="Scores", plot_px=100)
    put(figure.select_yaxes(), **axis)
    return as_sent(figure)


def test_what_is_sent_has_no_template_and_no_array_that_plotly_would_take_for_a_new_one():
    spec = sent(title="AP")

    assert "template" not in spec["layout"]
    assert spec["data"][0]["x"] == [1.0, None]
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec
    assert spec["layout"]["datarevision"] == 1


def test_the_look_is_filled_in_where_a_figure_says_nothing():
    layout = sent(title="AP", tickfont={"size": 14})["layout"]

    assert layout["xaxis"]["tickfont"] == LOOK["layout"]["xaxis"]["tickfont"]
    assert layout["yaxis"]["tickfont"] == {"size": 14}
    assert layout["yaxis"]["title"] == {**LOOK["layout"]["yaxis"]["title"], "text": "AP"}


def test_long_names_of_an_axis_have_room_in_the_margin():
    short, long = ({"tickvals": [0], "ticktext": [n * "m"]} for n in (2, 20))

    margins = [sent(**axis)["layout"]["margin"]["l"] for axis in (short, long)]

    assert margins[1] - margins[0] == pytest.approx(18 * width_em("m") * 11.25)


def test_an_axis_of_a_fixed_width_keeps_it():
    figure = Figure()
    set_frame(figure, title="Scores", plot_px=100, left_px=66)
    put(figure.select_yaxes(), tickvals=[0], ticktext=["a long name of something"])

    assert as_sent(figure)["layout"]["margin"]["l"] == 66


def test_only_what_is_seen_has_a_width():
    assert width_em("<b>\u2068a &lt; b\u2069</b>") == width_em("a < b")
    assert width_em("aaa<br>a") == width_em("aaa")
    assert width_em("é") == width_em("e")
    assert width_em("猫") == 1
