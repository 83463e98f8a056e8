import numpy as np
import pytest

from udviz.figures.calibration.distributions import (
    probability_distributions,
    thresholds_over,
)
from udviz.figures.style.theme import model_styles
from udviz.stats.calibration.distributions import probability_distribution

PROBS = np.array([0.05, 0.15, 0.55, 0.65, 0.95, 0.25])
TARGETS = np.array([0, 0, 0, 1, 1, 0])
STYLES = model_styles(["teacher", "distilled", *(f"model {k}" for k in range(6))])
THRESHOLDS = {"teacher": 0.5, "distilled": 0.3}


def draw(names, targets=TARGETS):
    found = probability_distribution(PROBS, targets, n_bins=10)
    return probability_distributions(dict.fromkeys(names, found), STYLES, title="t")


@pytest.fixture
def histograms():
    return draw(THRESHOLDS)


def shares(bars, figure):
    """What the bars say: their heights, read off the axis."""
    at = np.array(figure.layout.yaxis.tickvals)
    told = np.array([float(text.rstrip("%")) / 100 for text in figure.layout.yaxis.ticktext])
    heights = np.asarray(bars.y)
    of_side = at > 0 if heights.sum() > 0 else at < 0
    # roots of shares are even: a straight line through the origin leads through all ticks
    (slope,) = set(np.round(np.abs(at[of_side]) / np.sqrt(told[of_side]), 9))
    return (heights / slope) ** 2


def upright_lines(figure, thresholds):
    """Where the lines of the thresholds stand, and from where to where."""
    shapes = thresholds_over(figure, thresholds).shapes
    return np.array([[shape[end] for end in ("x0", "y0", "x1", "y1")] for shape in shapes])


def test_bars_are_roots_of_the_shares_of_each_side(histograms):
    present, absent = histograms.data[:2]

    assert shares(present, histograms) == pytest.approx([0.5] * 4)  # of both models
    assert shares(absent, histograms) == pytest.approx([0.25] * 4)
    assert present.x[:2] == pytest.approx([0.65, 0.95])
    assert absent.x == pytest.approx([0.05, 0.15, 0.25, 0.55])
    assert absent.width == pytest.approx([0.1] * 4)


def test_sides_are_told_apart_without_colour(histograms):
    present, absent = histograms.data[:2]
    names = {note.y: note.text for note in histograms.layout.annotations if note.textangle == -90}

    assert (present.marker.pattern.shape, absent.marker.pattern.shape) == (None, "/")
    first, second = list(STYLES.values())[:2]
    assert present.marker.color == (first.colour,) * 2 + (second.colour,) * 2
    assert (present.y >= 0).all()
    assert (absent.y <= 0).all()
    assert histograms.layout.yaxis.range == (-1, 1)
    assert names == {0.5: "Share of<br>2 with it", -0.5: "Share of<br>4 without"}


def test_the_highest_bar_of_each_side_nearly_fills_its_half(histograms):
    present, absent = histograms.data[:2]

    assert 0.9 < present.y.max() < 1
    assert -1 < absent.y.min() < -0.9


def test_every_model_has_its_own_place_and_its_own_threshold_there(histograms):
    start = min(histograms.data[2].x) - 0.05  # where the second begins
    axis = histograms.layout.xaxis
    ticks = dict(zip(axis.tickvals, axis.ticktext, strict=True))

    assert start > 1
    assert upright_lines(histograms, THRESHOLDS) == pytest.approx(
        np.array([(0.5, -1, 0.5, 1), (start + 0.3, -1, start + 0.3, 1)])
    )
    assert [ticks[at] for at in (0, 0.5, 1, start, start + 1)] == ["0", "0.5", "1", "0", "1"]


def test_the_hover_tells_how_many_images_of_which_side(histograms):
    assert histograms.data[1].hovertext[3].endswith("0.50 to 0.60<br>1 of 4 without (25.0%)")


def test_a_side_without_images_is_drawn_empty():
    figure = draw({"teacher": 0.5}, targets=np.zeros(6, dtype=int))

    assert not len(figure.data[0].y)
    assert -1 < figure.data[1].y.min() < 0


def test_eight_models_stand_in_two_rows_each_with_its_threshold():
    thresholds = {name: 0.1 * place for place, name in enumerate(STYLES, start=1)}

    figure = draw(thresholds)

    lines = upright_lines(figure, thresholds)
    first, fifth = figure.data[1], figure.data[5]
    assert (lines[:, 0] - lines[[0, 1, 2, 3] * 2, 0]).tolist() == pytest.approx([0] * 4 + [0.4] * 4)
    assert fifth.x == pytest.approx(first.x)
    assert (lines[4:, 3] < lines[:4, 1]).all()  # below the first row
    (base,) = set(fifth.base)
    assert base == np.mean(lines[4, [1, 3]])
    names = [note.y for note in figure.layout.annotations if note.textangle is None]
    assert names == pytest.approx(lines[:, 3])
    sides = {note.y for note in figure.layout.annotations if note.textangle == -90}
    assert sides == {0.5, -0.5, base + 0.5, base - 0.5}
    assert figure.layout.yaxis.range == (base - 1, 1)


def test_ticks_of_a_row_lie_within_it():
    one, two = draw(THRESHOLDS), draw(dict.fromkeys(STYLES, 0.5))

    assert max(map(abs, one.layout.yaxis.tickvals)) <= 1
    assert two.layout.yaxis.ticktext == one.layout.yaxis.ticktext * 2
