import numpy as np
import pandas as pd
import pytest

from udviz.figures.labels.confusions import confusions
from udviz.figures.style.theme import model_styles

STYLE = model_styles(["teacher"])["teacher"]


@pytest.fixture
def pairs():
    return pd.DataFrame(
        {
            "label": ["cat", "cat"],
            "partner": ["<b>dog</b>", "fox"],
            "false_positives": [30, 8],
            "chances": [40, 16],
            "rate": [0.75, 0.5],
            "rate_without": [0.05, 0.1],
            "lift": [15.0, 5.0],
            "lift_low": [5.0, 3.0],
            "lift_high": [45.0, 9.0],
        }
    )


def test_rates_and_lifts_are_those_of_the_pairs(pairs):
    figure = confusions(pairs, names="partner", style=STYLE, title="t")

    drawn = {trace.name: trace for trace in figure.plotly().select_traces({"mode": "markers"})}
    assert list(drawn["other label present"].x) == [0.75, 0.5]
    assert list(drawn["other label absent"].x) == [0.05, 0.1]
    np.testing.assert_allclose(10 ** drawn[STYLE.html].x, [15, 5])
    (line,) = figure.plotly().select_traces({"mode": "lines"})
    np.testing.assert_allclose(10**line.x, [5, 45, np.nan, 3, 9, np.nan])


def test_a_click_on_a_row_names_the_other_label(pairs):
    beside = confusions(pairs, names="partner", style=STYLE, title="t")
    wrongly = confusions(pairs, names="label", style=STYLE, title="t")

    assert list(beside.data[0].customdata) == ["<b>dog</b>", "fox"]
    assert list(wrongly.data[0].customdata) == ["cat", "cat"]


def test_names_read_as_they_are(pairs):
    figure = confusions(pairs, names="partner", style=STYLE, title="t")

    assert "&lt;b&gt;dog" in figure.layout.yaxis.ticktext[0]
    assert "<b>" not in figure.data[0].hovertext[0]
    assert "30 of 40 images (0.750)" in figure.data[0].hovertext[0]


def test_no_difference_is_on_the_axis_and_every_interval_too(pairs):
    low, high = confusions(pairs, names="partner", style=STYLE, title="t").layout.xaxis2.range

    assert low < 0 < np.log10(45) < high
