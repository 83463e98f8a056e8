import numpy as np
import pytest

from udviz.figures.calibration.reliability import reliability_diagram
from udviz.figures.style.theme import model_styles
from udviz.stats.calibration.reliability_bins import reliability_bins

STYLES = model_styles(["teacher", "baseline", "distilled"])


def bins_of(probs, targets, **settings):
    return reliability_bins(
        np.array(probs, dtype=float)[:, None], np.array(targets)[:, None], **settings
    )


@pytest.fixture
def bins():
    """Two of four bins hold something: (0.1, 0.2) with one of two, (0.8) with one of one."""
    return bins_of([0.1, 0.2, 0.8], [0, 1, 1], n_bins=4)


def marks(figure, name="teacher"):
    return next(t for t in figure.data if t.name == STYLES[name].html and t.mode == "lines+markers")


def bars(figure):
    return [trace for trace in figure.data if trace.type == "bar"]


def test_a_mark_is_the_frequency_of_the_label_at_the_mean_probability_of_its_bin(bins):
    drawn = marks(reliability_diagram({"teacher": bins}, STYLES, thing="images", title="t"))

    np.testing.assert_allclose(drawn.x, [0.15, 0.8])
    np.testing.assert_allclose(drawn.y, [0.5, 1.0])


def test_empty_bins_are_not_drawn(bins):
    figure = reliability_diagram({"teacher": bins}, STYLES, thing="images", title="t")

    assert bins.count.size == 4
    assert len(marks(figure).x) == len(bars(figure)[0].x) == len(marks(figure).hovertext) == 2


def test_the_lines_are_the_wilson_intervals(bins):
    figure = reliability_diagram({"teacher": bins}, STYLES, thing="images", title="t")

    lines = next(
        t for t in figure.data if t.mode == "lines" and t.legendgroup == STYLES["teacher"].word
    )
    low, high = bins.frequency_interval()
    np.testing.assert_allclose(np.reshape(lines.y, (2, 3))[:, 0], low[0, [0, 3]])
    np.testing.assert_allclose(np.reshape(lines.y, (2, 3))[:, 1], high[0, [0, 3]])
    np.testing.assert_allclose(np.reshape(lines.x, (2, 3))[:, 0], [0.15, 0.8])


def test_the_bars_below_share_the_probability_axis_and_count_the_images_of_every_bin(bins):
    figure = reliability_diagram({"teacher": bins}, STYLES, thing="images", title="t")

    assert list(bars(figure)[0].y) == [2, 1]
    np.testing.assert_allclose(bars(figure)[0].x, [0.125, 0.875])
    assert figure.layout.xaxis.matches == "x2"
    assert figure.layout.xaxis2.range == figure.layout.xaxis.range
    assert figure.layout.yaxis2.title.text == "Images"


def test_bars_of_equal_mass_stand_below_their_marks():
    found = bins_of([0.1, 0.2, 0.3, 0.9], [0, 0, 1, 1], n_bins=2, kind="mass")

    figure = reliability_diagram({"teacher": found}, STYLES, thing="images", title="t")

    np.testing.assert_allclose(bars(figure)[0].x, marks(figure).x)


def test_bars_of_two_models_do_not_hide_each_other(bins):
    figure = reliability_diagram(
        {"teacher": bins, "baseline": bins}, STYLES, thing="images", title="t"
    )

    first, second = bars(figure)
    assert np.all(np.asarray(second.x) - np.asarray(first.x) >= first.width - 1e-12)


def test_models_differ_in_colour_and_symbol(bins):
    found = dict.fromkeys(("teacher", "baseline", "distilled"), bins)

    figure = reliability_diagram(found, STYLES, thing="images", title="t")

    drawn = [marks(figure, name).marker for name in ("teacher", "baseline", "distilled")]
    assert len({marker.color for marker in drawn}) == len({m.symbol for m in drawn}) == 3


def test_the_diagonal_is_drawn(bins):
    figure = reliability_diagram({"teacher": bins}, STYLES, thing="images", title="t")

    line = next(t for t in figure.data if t.name == "perfectly calibrated")
    assert list(line.x) == list(line.y) == [0, 1]


def test_the_hover_says_what_the_bin_holds(bins):
    text = marks(
        reliability_diagram({"teacher": bins}, STYLES, thing="images", title="t")
    ).hovertext[0]

    assert "probability 0.150 (bin 0.000 to 0.250)" in text
    assert "2 images, 1 with the label" in text
