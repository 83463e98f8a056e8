import numpy as np
import pytest

from udviz.figures.calibration.decisions import precision_recall, probability_distributions
from udviz.figures.style.theme import model_styles
from udviz.stats.calibration.distributions import probability_distribution
from udviz.stats.decisions.confusion import Confusion, confusion
from udviz.stats.ranking.precision_recall import precision_recall_curve

PROBS = np.array([0.05, 0.15, 0.55, 0.65, 0.95, 0.25])
TARGETS = np.array([0, 0, 0, 1, 1, 0])
STYLES = model_styles(["teacher", "distilled", *(f"model {k}" for k in range(6))])
THRESHOLDS = {"teacher": 0.5, "distilled": 0.3}


@pytest.fixture
def histograms():
    found = probability_distribution(PROBS, TARGETS, n_bins=10)
    return probability_distributions(
        dict.fromkeys(THRESHOLDS, found), THRESHOLDS, STYLES, title="t"
    )


@pytest.fixture
def curves():
    point = confusion(PROBS, TARGETS, threshold=0.5)
    curve = precision_recall_curve(PROBS, TARGETS)
    return precision_recall(
        {"teacher": curve}, {"teacher": point}, STYLES, prevalence=1 / 3, title="t"
    )


def shares(bars, figure):
    """What the bars say: their heights, read off the axis."""
    at = np.array(figure.layout.yaxis.tickvals)
    told = np.array([float(text.rstrip("%")) / 100 for text in figure.layout.yaxis.ticktext])
    heights = np.asarray(bars.y)
    of_side = at > 0 if heights.sum() > 0 else at < 0
    # roots of shares are even: a straight line through the origin leads through all ticks
    (slope,) = set(np.round(np.abs(at[of_side]) / np.sqrt(told[of_side]), 9))
    return (heights / slope) ** 2


def test_bars_are_roots_of_the_shares_of_each_side(histograms):
    present, absent = histograms.data[:2]

    assert np.round(shares(present, histograms), 6).tolist() == [0] * 6 + [0.5, 0, 0, 0.5]
    assert np.round(shares(absent, histograms), 6).tolist() == [0.25] * 3 + [0, 0, 0.25] + [0] * 4
    assert present.x.tolist() == pytest.approx((np.arange(10) + 0.5) / 10)


def test_sides_are_told_apart_without_colour(histograms):
    present, absent = histograms.data[:2]
    names = {note.y: note.text for note in histograms.layout.annotations if note.textangle == -90}

    assert (present.marker.pattern.shape, absent.marker.pattern.shape) == ("", "/")
    assert (present.y >= 0).all()
    assert (absent.y <= 0).all()
    assert histograms.layout.yaxis.range == (-1, 1)
    assert names == {0.5: "Share of<br>2 with it", -0.5: "Share of<br>4 without"}


def test_the_highest_bar_of_each_side_nearly_fills_its_half(histograms):
    present, absent = histograms.data[:2]

    assert 0.9 < present.y.max() < 1
    assert -1 < absent.y.min() < -0.9


def test_every_model_has_its_own_threshold(histograms):
    lines = {shape.xref: shape.x0 for shape in histograms.layout.shapes}

    assert lines == {"x": 0.5, "x2": 0.3}


def test_the_hover_tells_how_many_images_of_which_side(histograms):
    assert histograms.data[1].hovertext[5].endswith("0.50 to 0.60<br>1 of 4 without (25.0%)")


def test_a_side_without_images_is_drawn_empty():
    found = probability_distribution(PROBS, np.zeros(6, dtype=int))

    figure = probability_distributions({"teacher": found}, {"teacher": 0.5}, STYLES, title="t")

    assert not figure.data[0].y.any()
    assert -1 < figure.data[1].y.min() < 0


def test_the_curve_holds_each_precision_until_its_recall(curves):
    line = curves.data[0]

    assert line.x.tolist() == [0, 0.5, 1]
    assert line.y.tolist() == [1, 1, 1]
    assert line.line.shape == "vh"  # up or down at the old recall, then across to the new one


def test_the_point_is_where_the_threshold_puts_the_model(curves):
    point = curves.data[1]

    assert (point.x, point.y) == ((1.0,), (2 / 3,))
    assert curves.layout.shapes[0].y0 == 1 / 3


def test_a_model_that_predicts_nothing_stands_at_the_beginning_of_its_curve():
    nothing = Confusion(true_positives=0, false_positives=0, false_negatives=2, true_negatives=4)
    curve = precision_recall_curve(PROBS, TARGETS)

    figure = precision_recall(
        {"teacher": curve}, {"teacher": nothing}, STYLES, prevalence=0.3, title="t"
    )

    point = figure.data[1]
    assert (point.x, point.y) == ((0.0,), (1.0,))
    assert point.hovertext[0].endswith("predicts no image")


def test_eight_models_stand_in_two_rows_each_with_its_threshold():
    found = probability_distribution(PROBS, TARGETS, n_bins=10)
    thresholds = {name: 0.1 * place for place, name in enumerate(STYLES, start=1)}

    figure = probability_distributions(dict.fromkeys(STYLES, found), thresholds, STYLES, title="t")

    assert [shape.x0 for shape in figure.layout.shapes] == list(thresholds.values())
    assert [shape.xref for shape in figure.layout.shapes][3:5] == ["x4", "x5"]
    first, fifth = figure.layout.yaxis.domain, figure.layout.yaxis5.domain
    assert first[0] > fifth[1]  # above it
    sides = [note for note in figure.layout.annotations if note.textangle == -90]
    assert {note.yref for note in sides} == {"y", "y5"}
