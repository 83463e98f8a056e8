import numpy as np
import pandas as pd
import pytest

from udviz.figures.labels.worth_fixing import worth_fixing
from udviz.figures.style.theme import OPENED


@pytest.fixture
def actions():
    return pd.DataFrame(
        {
            "label": ["<b>cat</b>", "dog"],
            "what": ["Tell it from <i>dog</i>", "Add training images"],
            "errors": [30.0, 40.0],
            "saved": [9.0, 4.0],
        }
    )


def test_the_lines_end_at_all_wrong_decisions_and_at_those_that_could_be_saved(actions):
    figure = worth_fixing(actions, title="t")

    drawn = {trace.name: trace for trace in figure.plotly().select_traces({"mode": "lines"})}
    expected = {"all wrong decisions": (30, 40), "could be saved, at most": (9, 4)}
    for name, (first, second) in expected.items():
        np.testing.assert_array_equal(drawn[name].x, [0, first, np.nan, 0, second, np.nan])
        np.testing.assert_array_equal(drawn[name].y, [0, 0, 0, 1, 1, 1])
    assert figure.layout.xaxis.range == (0, 42)


def test_a_row_names_label_and_action_as_they_read_and_a_click_names_the_label(actions):
    figure = worth_fixing(actions, title="t", opened="dog")

    bars = figure.data[0]
    assert list(bars.customdata) == ["<b>cat</b>", "dog"]
    assert "&lt;b&gt;cat" in figure.layout.yaxis.ticktext[0]
    assert "&lt;i&gt;dog" in figure.layout.yaxis.ticktext[0]
    assert "Add training images" in figure.layout.yaxis.ticktext[1]
    assert bars.marker.color[1] == OPENED
    assert "at most 9 of 30 wrong decisions" in bars.hovertext[0]
