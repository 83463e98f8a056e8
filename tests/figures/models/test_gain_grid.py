import numpy as np
import pandas as pd
import pytest

from udviz.figures.models.gain_grid import gain_grid

GAINS = pd.DataFrame(
    {
        "label": ["cat", "dog", "cat", "dog"],
        "before": ["baseline"] * 4,
        "after": ["kd", "kd", "ud", "ud"],
        "gain": [0.09, -0.01, 0.04, np.nan],
        "gain_low": [0.05, -0.02, -0.01, np.nan],
        "gain_high": [0.13, -0.005, 0.09, np.nan],
        "q": [0.001, 0.01, 0.2, np.nan],
        "verdict": ["helped", "hurt", "inconclusive", "inconclusive"],
    }
)


@pytest.fixture
def drawn():
    return {trace.name: trace for trace in gain_grid(GAINS, ["dog", "cat"], title="t").data}


def test_every_gain_is_a_mark_of_its_verdict_at_its_label_and_comparison(drawn):
    assert {name: list(zip(t.x, t.y, strict=True)) for name, t in drawn.items()} == {
        "helped (1)": [(1, 0)],
        "hurt (1)": [(0, 0)],
        "inconclusive (1)": [(1, 1)],
    }


def test_the_area_of_a_mark_grows_with_the_gain(drawn):
    sizes = [drawn[name].marker.size[0] for name in ("hurt (1)", "inconclusive (1)", "helped (1)")]

    assert sizes == pytest.approx([5 + 15 / 3, 5 + 15 * 2 / 3, 20])


def test_a_click_names_the_label_and_both_models(drawn):
    assert drawn["helped (1)"].customdata.tolist() == [["cat", "baseline", "kd"]]


def test_labels_that_are_not_asked_for_are_not_drawn():
    figure = gain_grid(GAINS, ["dog"], title="t")

    assert sum(len(trace.x) for trace in figure.data) == 1
