import numpy as np
import pandas as pd

from udviz.figures.models.false_positives import false_positive_rates
from udviz.figures.style.theme import model_styles

STYLES = model_styles(["baseline", "distilled"])
ROWS = pd.DataFrame(
    {
        "name": ["<b>hard</b>", "rest"],
        "before_value": [0.4, 0.2],
        "before_value_low": [0.3, 0.1],
        "before_value_high": [0.5, 0.3],
        "after_value": [0.25, np.nan],
        "after_value_low": [0.2, np.nan],
        "after_value_high": [0.3, np.nan],
    }
)


def draw(rows):
    return false_positive_rates(rows, STYLES, pair=("baseline", "distilled"), title="Rates")


def test_the_rates_and_intervals_drawn_are_those_given():
    join, before_lines, before, after_lines, after = draw(ROWS).data

    np.testing.assert_array_equal(before.x, [0.4, 0.2])
    np.testing.assert_array_equal(after.x, [0.25, np.nan])
    np.testing.assert_array_equal(before_lines.x[:2], [0.3, 0.5])
    np.testing.assert_array_equal(after_lines.x[:2], [0.2, 0.3])
    np.testing.assert_array_equal(join.x[:2], [0.4, 0.25])
    assert (before.name, after.name) == (STYLES["baseline"].html, STYLES["distilled"].html)


def test_the_axis_holds_every_interval_and_names_are_no_html():
    layout = draw(ROWS).layout

    low, high = layout.xaxis.range
    assert low == 0
    assert 0.5 < high < 0.6
    assert "&lt;b&gt;hard&lt;/b&gt;" in layout.yaxis.ticktext[0]


def test_rows_without_any_number_draw():
    assert draw(ROWS.assign(**dict.fromkeys(ROWS.columns[1:], np.nan))).layout.xaxis.range == (0, 1)
