import numpy as np
import pytest

from udviz.figures.labels.co_occurrence import conditional_heatmap, lift_heatmap

NAMES = ["cat", "<b>dog</b>", "owl"]
LIFT = np.array([[np.nan, 4.0, 0.0], [4.0, np.nan, 100.0], [0.0, 100.0, np.nan]])


def test_a_conditional_probability_is_its_colour():
    given = np.array([[np.nan, 0.25, 0.31], [0.2, np.nan, 0.0], [0.3, 0.0, np.nan]])

    heat = conditional_heatmap(given, NAMES, title="t").data[0]

    np.testing.assert_array_equal(heat.z, given)
    assert (heat.zmin, heat.zmax) == (0, 0.4)


def test_lifts_are_drawn_on_a_scale_of_ratios_with_unrelated_in_the_middle():
    heat = lift_heatmap(LIFT, NAMES, title="t").data[0]

    np.testing.assert_array_equal(heat.z[0], [np.nan, 2, -3])
    assert heat.z[1][2] == 3  # beyond 8 all look alike
    assert heat.zmin == -heat.zmax


def test_a_click_on_a_cell_names_the_label_of_its_row():
    cells = lift_heatmap(LIFT, NAMES, title="t").data[1]

    clicked = {(x, y): name for x, y, name in zip(cells.x, cells.y, cells.customdata, strict=True)}
    assert clicked == {(x, y): NAMES[y] for x in range(3) for y in range(3)}


def test_a_cell_says_its_pair_and_its_true_number():
    cells = lift_heatmap(LIFT, NAMES, title="t").data[1]

    (text,) = (
        t for t, x, y in zip(cells.hovertext, cells.x, cells.y, strict=True) if (x, y) == (2, 1)
    )
    assert "&lt;b&gt;dog&lt;/b&gt;" in text
    assert "owl" in text
    assert "lift 100.000" in text


@pytest.mark.parametrize(("n", "written"), [(16, True), (17, False)])
def test_numbers_are_written_where_they_can_be_read(n, written):
    heat = conditional_heatmap(np.full((n, n), 0.5), list("abcdefghijklmnopq")[:n], title="t")

    assert (heat.data[0].text is not None) == written
