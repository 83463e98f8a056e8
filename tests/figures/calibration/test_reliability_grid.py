import numpy as np
import pandas as pd
import pytest

from udviz.figures.calibration.reliability_grid import N_COLUMNS, reliability_grid
from udviz.figures.style.theme import model_styles
from udviz.stats.calibration.reliability_bins import reliability_bins

STYLE = model_styles(["teacher"])["teacher"]


def bins_of(probs, targets):
    return reliability_bins(np.array(probs)[:, None], np.array(targets)[:, None], n_bins=4)


@pytest.fixture
def bins():
    """Two of four bins hold something: (0.1, 0.2) with one of two, (0.8) with one of one."""
    return bins_of([0.1, 0.2, 0.8], [0, 1, 1])


def draw(found, **settings):
    labels = pd.DataFrame(
        {
            "label": list(found),
            "positives": 40,
            "ece": 0.125,
            "ece_null": 0.025,
            "ece_excess": 0.1,
        }
    )
    return reliability_grid(found, labels, style=STYLE, title="t", **settings)


def areas(figure):
    """What a click hits: the one trace of bars."""
    (found,) = [trace for trace in figure.data if trace.type == "bar"]
    return found


def corner(figure, place):
    """Lower left corner of a diagram."""
    return np.array([areas(figure).x[place] - 0.5, areas(figure).base[place]])


def parts(figure, mode):
    """The broken lines that the model's traces of that mode draw, each (points, 2)."""
    (trace,) = figure.plotly().select_traces({"mode": mode, "name": STYLE.html})
    points = np.column_stack([trace.x, trace.y])
    is_gap = np.isnan(points).any(axis=1)
    broken = np.split(points, np.flatnonzero(is_gap) + 1)
    return [part[:-1] for part in broken if len(part) > 1]


def test_every_diagram_draws_the_bins_of_its_label_in_its_own_square(bins):
    figure = draw({"a": bins, "b": bins_of([0.6], [0])})

    first, second = parts(figure, "lines+markers")
    np.testing.assert_allclose(first - corner(figure, 0), [[0.15, 0.5], [0.8, 1.0]])
    np.testing.assert_allclose(second - corner(figure, 1), [[0.6, 0.0]], atol=1e-12)


def test_the_lines_are_the_wilson_intervals(bins):
    figure = draw({"a": bins, "b": bins})

    low, high = bins.frequency_interval()
    for place in (0, 1):
        lines = np.array(parts(figure, "lines")[2 * place : 2 * place + 2]) - corner(figure, place)
        np.testing.assert_allclose(lines[:, 0, 1], low[0, [0, 3]])
        np.testing.assert_allclose(lines[:, 1, 1], high[0, [0, 3]])
        np.testing.assert_allclose(lines[:, :, 0], [[0.15, 0.15], [0.8, 0.8]])


def test_a_click_names_its_label_in_full(bins):
    name = "<i>very long name</i> " * 5

    assert list(areas(draw({name: bins, "b": bins})).customdata) == [name, "b"]


def test_names_are_escaped_and_short_where_plotly_reads_html(bins):
    figure = draw({"<i>" * 60: bins})

    title, hover = figure.layout.annotations[0].text, areas(figure).hovertext[0]
    assert "<i>" not in title + hover
    assert title.count("&lt;") <= 6


def test_the_opened_label_differs_from_the_others(bins):
    colours = areas(draw({"a": bins, "b": bins, "c": bins}, opened="b")).marker.color

    assert colours[0] == colours[2] != colours[1]


def test_rows_are_filled_one_after_the_other_and_no_two_squares_meet(bins):
    n_diagrams = N_COLUMNS + 1
    figure = draw({f"label {k}": bins for k in range(n_diagrams)})

    corners = np.array([corner(figure, place) for place in range(n_diagrams)])
    assert np.all(np.diff(corners[:N_COLUMNS, 0]) > 1)
    assert np.ptp(corners[:N_COLUMNS, 1]) == 0
    assert corners[N_COLUMNS, 0] == corners[0, 0]
    assert corners[0, 1] - corners[N_COLUMNS, 1] > 1


@pytest.mark.parametrize("n_diagrams", [1, N_COLUMNS, N_COLUMNS + 1])
def test_all_squares_and_their_names_are_in_view(bins, n_diagrams):
    figure = draw({f"label {k}": bins for k in range(n_diagrams)})

    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    for place, name in enumerate(figure.layout.annotations):
        x, y = corner(figure, place)
        assert left < x < x + 1 < right
        assert low < y < y + 1 < name.y < high
        assert name.text == f"\u2068label {place}\u2069"
        assert name.x == x + 0.5


def test_ticks_say_0_to_1_in_every_column_and_row(bins):
    figure = draw({f"label {k}": bins for k in range(N_COLUMNS + 1)})

    for side, axis, n_lines in ((0, figure.layout.xaxis, N_COLUMNS), (1, figure.layout.yaxis, 2)):
        corners = {corner(figure, place)[side] for place in range(N_COLUMNS + 1)}
        told = {(round(at, 6), text) for at, text in zip(axis.tickvals, axis.ticktext, strict=True)}
        assert told == {
            (round(start + tick, 6), f"{tick:g}") for start in corners for tick in (0, 0.5, 1)
        }
        assert len(axis.tickvals) == len(axis.ticktext) == 3 * n_lines


def test_every_square_has_the_line_of_perfect_calibration(bins):
    figure = draw({"a": bins, "b": bins})

    (dots,) = [t for t in figure.plotly().select_traces({"mode": "lines"}) if t.line.dash]
    points = np.column_stack([dots.x, dots.y]).reshape(2, 3, 2)[:, :2]
    for place in (0, 1):
        np.testing.assert_allclose(points[place] - corner(figure, place), [[0, 0], [1, 1]])


def test_the_hover_says_its_error_and_the_expected_one(bins):
    hover = areas(draw({"a": bins})).hovertext[0]

    assert "ECE 0.125<br>expected if calibrated 0.025, above expected +0.100" in hover
