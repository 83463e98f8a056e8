import numpy as np
import pandas as pd
import pytest

from udviz.figures.reliability import little_diagrams, reliability_diagram
from udviz.stats.calibration import reliability_bins


def bins_of(probs, targets, **settings):
    return reliability_bins(
        np.array(probs, dtype=float)[:, None], np.array(targets)[:, None], **settings
    )


@pytest.fixture
def bins():
    """Two of four bins hold something: (0.1, 0.2) with one of two, (0.8) with one of one."""
    return bins_of([0.1, 0.2, 0.8], [0, 1, 1], n_bins=4)


def worst_table(*names):
    return pd.DataFrame(
        {
            "label": names,
            "positives": 40,
            "ece_teacher": 0.125,
            "null_teacher": 0.025,
            "excess_teacher": 0.1,
        }
    )


def little(found, **settings):
    return little_diagrams(found, worst_table(*found), role="teacher", title="t", **settings)


def marks(figure, name="Teacher"):
    return next(t for t in figure.data if t.name == name and t.mode == "lines+markers")


def bars(figure):
    return [trace for trace in figure.data if trace.type == "bar"]


def test_a_mark_is_the_frequency_of_the_label_at_the_mean_probability_of_its_bin(bins):
    drawn = marks(reliability_diagram({"teacher": bins}, thing="images", title="t"))

    np.testing.assert_allclose(drawn.x, [0.15, 0.8])
    np.testing.assert_allclose(drawn.y, [0.5, 1.0])


def test_empty_bins_are_not_drawn(bins):
    figure = reliability_diagram({"teacher": bins}, thing="images", title="t")

    assert bins.count.size == 4
    assert len(marks(figure).x) == len(bars(figure)[0].x) == len(marks(figure).hovertext) == 2


def test_the_lines_are_the_wilson_intervals(bins):
    figure = reliability_diagram({"teacher": bins}, thing="images", title="t")

    lines = next(t for t in figure.data if t.mode == "lines" and t.legendgroup == "Teacher")
    low, high = bins.frequency_interval()
    np.testing.assert_allclose(np.reshape(lines.y, (2, 3))[:, 0], low[0, [0, 3]])
    np.testing.assert_allclose(np.reshape(lines.y, (2, 3))[:, 1], high[0, [0, 3]])
    np.testing.assert_allclose(np.reshape(lines.x, (2, 3))[:, 0], [0.15, 0.8])


def test_the_bars_below_share_the_probability_axis_and_count_the_images_of_every_bin(bins):
    figure = reliability_diagram({"teacher": bins}, thing="images", title="t")

    assert list(bars(figure)[0].y) == [2, 1]
    np.testing.assert_allclose(bars(figure)[0].x, [0.125, 0.875])
    assert figure.layout.xaxis.matches == "x2"
    assert figure.layout.xaxis2.range == figure.layout.xaxis.range
    assert figure.layout.yaxis2.title.text == "Images"


def test_bars_of_equal_mass_stand_below_their_marks():
    found = bins_of([0.1, 0.2, 0.3, 0.9], [0, 0, 1, 1], n_bins=2, kind="mass")

    figure = reliability_diagram({"teacher": found}, thing="images", title="t")

    np.testing.assert_allclose(bars(figure)[0].x, marks(figure).x)


def test_bars_of_two_models_do_not_hide_each_other(bins):
    figure = reliability_diagram({"teacher": bins, "baseline": bins}, thing="images", title="t")

    first, second = bars(figure)
    assert np.all(np.asarray(second.x) - np.asarray(first.x) >= first.width - 1e-12)


def test_models_differ_in_colour_and_symbol(bins):
    found = dict.fromkeys(("teacher", "baseline", "distilled"), bins)

    figure = reliability_diagram(found, thing="images", title="t")

    drawn = [marks(figure, name).marker for name in ("Teacher", "Baseline", "Distilled")]
    assert len({marker.color for marker in drawn}) == len({m.symbol for m in drawn}) == 3


def test_the_diagonal_is_drawn(bins):
    figure = reliability_diagram({"teacher": bins}, thing="images", title="t")

    line = next(t for t in figure.data if t.name == "perfectly calibrated")
    assert list(line.x) == list(line.y) == [0, 1]


def test_the_hover_says_what_the_bin_holds(bins):
    text = marks(reliability_diagram({"teacher": bins}, thing="images", title="t")).hovertext[0]

    assert "probability 0.150 (bin 0.000 to 0.250)" in text
    assert "2 images, 1 with the label" in text


def test_every_little_diagram_is_of_its_label(bins):
    other = bins_of([0.6], [0], n_bins=4)

    figure = little({"a": bins, "b": other})

    first, second = [t for t in figure.data if t.name == "Teacher" and t.mode == "lines+markers"]
    np.testing.assert_allclose(first.y, [0.5, 1.0])
    np.testing.assert_allclose(second.x, [0.6])
    assert (first.xaxis, second.xaxis) == ("x", "x2")
    assert [bar.xaxis for bar in bars(figure)] == ["x", "x2"]


def test_a_click_in_a_little_diagram_names_its_label_in_full(bins):
    name = "<i>very long name</i> " * 5

    figure = little({name: bins, "b": bins})

    assert [bar.customdata[0] for bar in bars(figure)] == [name, "b"]


def test_names_are_escaped_and_short_where_plotly_reads_html(bins):
    figure = little({"<i>" * 60: bins})

    title, hover = figure.layout.annotations[0].text, bars(figure)[0].hovertext[0]
    assert "<i>" not in title + hover
    assert title.count("&lt;") <= 6


def test_the_opened_label_differs_from_the_others(bins):
    colours = [bar.marker.color for bar in bars(little({"a": bins, "b": bins}, opened="b"))]

    assert colours[0] != colours[1]


def test_rows_of_little_diagrams_are_filled_one_after_the_other(bins):
    figure = little({f"label {k}": bins for k in range(5)})

    titles = [a for a in figure.layout.annotations if "label" in a.text]
    assert len(titles) == 5
    assert titles[4].x == titles[0].x
    assert titles[4].y < titles[0].y
    assert len([axis for axis in figure.layout if axis.startswith("xaxis")]) == 5


def test_the_hover_of_a_little_diagram_says_its_error_and_chance(bins):
    hover = bars(little({"a": bins}))[0].hovertext[0]

    assert "Teacher ECE 0.125<br>by chance 0.025, excess +0.100" in hover
