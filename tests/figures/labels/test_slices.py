import numpy as np

from udviz.figures.labels.slices import Marks, marks_beside
from udviz.figures.style.theme import NEUTRAL, MarkerStyle


def marks(word, values):
    values = np.array(values)
    style = MarkerStyle(word, NEUTRAL, "circle", "●")
    return Marks(style=style, value=values, low=values - 0.1, high=values + 0.1)


def drawn(series):
    return marks_beside(
        ["cat", "dog"],
        series,
        ticks=["cat", "<b>dog</b>"],
        hover=["a cat", "a dog"],
        title="Prevalence",
        axis="share",
        opened="dog",
    )


def test_every_mark_lies_at_its_number_in_its_own_row_with_its_interval():
    figure = drawn([marks("north", [0.2, 0.4]), marks("south", [0.3, np.nan])])

    bars, north_line, north, _, south = figure.data
    assert north.x.tolist() == [0.2, 0.4]
    np.testing.assert_array_equal(south.x, [0.3, np.nan])
    assert list(np.round(north.y)) == list(np.round(south.y)) == [0, 1]
    assert (north.y < south.y).all()  # one below the other
    np.testing.assert_allclose(north_line.x[:2], [0.1, 0.3])
    assert list(bars.customdata) == ["cat", "dog"]
    assert figure.layout.xaxis.range[1] >= 0.5
    assert list(figure.layout.yaxis.ticktext) == ["cat", "<b>dog</b>"]


def test_one_measure_lies_in_the_middle_of_its_row_and_none_draws_rows_alone():
    assert drawn([marks("north", [0.2, 0.4])]).data[2].y.tolist() == [0, 1]
    assert len(drawn([]).data) == 1
