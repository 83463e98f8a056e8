import numpy as np
import pytest

from udviz.figures.decisions import precision_recall, probability_distributions
from udviz.stats.confusion import Confusion, confusion
from udviz.stats.curves import precision_recall_curve
from udviz.stats.distributions import probability_distribution

PROBS = np.array([0.05, 0.15, 0.55, 0.65, 0.95, 0.25])
TARGETS = np.array([0, 0, 0, 1, 1, 0])
THRESHOLDS = {"teacher": 0.5, "distilled": 0.3}


@pytest.fixture
def histograms():
    found = probability_distribution(PROBS, TARGETS, n_bins=10)
    return probability_distributions(dict.fromkeys(THRESHOLDS, found), THRESHOLDS, title="t")


@pytest.fixture
def curves():
    point = confusion(PROBS, TARGETS, threshold=0.5)
    curve = precision_recall_curve(PROBS, TARGETS)
    return precision_recall({"teacher": curve}, {"teacher": point}, prevalence=1 / 3, title="t")


def test_bars_are_roots_of_the_shares_of_each_side(histograms):
    present, absent = histograms.data[:2]

    assert np.round(present.y**2, 9).tolist() == [0, 0, 0, 0, 0, 0, 0.5, 0, 0, 0.5]
    assert np.round(absent.y**2, 9).tolist() == [0.25, 0.25, 0.25, 0, 0, 0.25, 0, 0, 0, 0]
    assert present.x.tolist() == pytest.approx((np.arange(10) + 0.5) / 10)


def test_sides_are_told_apart_without_colour(histograms):
    present, absent = histograms.data[:2]
    up, down = histograms.layout.yaxis.range, histograms.layout.yaxis3.range

    assert (present.marker.pattern.shape, absent.marker.pattern.shape) == ("", "/")
    assert up[0] == down[1] == 0
    assert "2 with it" in histograms.layout.yaxis.title.text
    assert "4 without" in histograms.layout.yaxis3.title.text


def test_every_model_has_its_own_threshold(histograms):
    lines = {shape.xref: shape.x0 for shape in histograms.layout.shapes}

    assert lines == {"x": 0.5, "x3": 0.5, "x2": 0.3, "x4": 0.3}


def test_the_hover_tells_how_many_images_of_which_side(histograms):
    assert histograms.data[1].hovertext[5].endswith("0.50 to 0.60<br>1 of 4 without (25.0%)")


def test_a_side_without_images_is_drawn_empty():
    found = probability_distribution(PROBS, np.zeros(6, dtype=int))

    figure = probability_distributions({"teacher": found}, {"teacher": 0.5}, title="t")

    assert not figure.data[0].y.any()
    assert figure.layout.yaxis.range[1] > 0


def test_the_curve_holds_each_precision_until_its_recall(curves):
    line = curves.data[0]

    assert line.x.tolist() == [0, 0.5, 1]
    assert line.y.tolist() == [1, 1, 1]
    assert line.line.shape == "vh"  # up or down at the old recall, then across to the new one


def test_the_point_is_where_the_threshold_puts_the_model(curves):
    point = curves.data[1]

    assert (point.x, point.y) == ((1.0,), (2 / 3,))
    assert curves.layout.shapes[0].y0 == 1 / 3


def test_a_model_that_calls_nothing_present_stands_at_the_beginning_of_its_curve():
    nothing = Confusion(true_positives=0, false_positives=0, false_negatives=2, true_negatives=4)
    curve = precision_recall_curve(PROBS, TARGETS)

    figure = precision_recall({"teacher": curve}, {"teacher": nothing}, prevalence=0.3, title="t")

    point = figure.data[1]
    assert (point.x, point.y) == ((0.0,), (1.0,))
    assert point.hovertext[0].endswith("calls no image present")
