from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from udviz.figures.labels.panels import gain_limit, gain_title
from udviz.figures.labels.ranking import MODEL_PX, ROW_PX, ranking
from udviz.figures.style.theme import model_styles

ALL = ("rank", "average precision", "gain", "causes")
EIGHT = ("teacher", "baseline", "distilled", "cal", "kd", "pdd", "mld", "cam")


def draw(rows, *, panels=ALL, opened=None):
    return ranking(rows, panels=panels, title="t", opened=opened)


def named(trace):
    return (trace.name or "").strip("\u2068\u2069")


def dots(figure, name):
    return next(t for t in figure.data if named(t) == name and t.mode == "markers")


def lines(figure, name):
    return next(t for t in figure.data if named(t) == name and t.mode == "lines")


def test_the_dots_are_the_numbers_given(rows):
    figure = draw(rows)

    assert list(dots(figure, "teacher").x) == pytest.approx([0.4, 0.39, 0.38])
    assert list(dots(figure, "Difficulty rank").x) == [1, 2, 3]
    assert list(dots(figure, "helped").x) == [0.03]
    assert list(dots(figure, "hurt").y) == [1]


def test_a_tick_marks_the_average_precision_of_a_random_ranking(rows):
    shown = draw(rows)

    assert list(dots(shown, "random ranking").x) == rows.labels["prevalence"].tolist()
    assert list(dots(shown, "random ranking").y) == [0, 1, 2]


def test_the_lines_end_at_the_intervals_given(rows):
    x = np.array(lines(draw(rows), "distilled").x).reshape(3, 3)

    np.testing.assert_allclose(x[:, 0], [0.55, 0.54, 0.53])
    np.testing.assert_allclose(x[:, 1], [0.65, 0.64, 0.63])
    assert np.isnan(x[:, 2]).all()


def test_causes_are_marked_in_the_row_of_their_label(rows):
    figure = draw(rows, panels=("causes",))
    marks = next(t for t in figure.data if t.type == "scatter")

    names = [figure.layout.xaxis.ticktext[x] for x in marks.x]
    assert list(zip(names, marks.y, strict=True)) == [("rare", 0), ("small", 0), ("occluded", 2)]


def test_a_click_on_a_row_names_its_label_in_full(rows):
    bars = draw(rows).data[0]

    assert bars.type == "bar"
    assert list(bars.customdata) == rows.labels["label"].tolist()


def test_names_are_escaped_where_plotly_reads_html(rows):
    figure = draw(rows)

    assert "&lt;i&gt;dog&lt;/i&gt;" in figure.layout.yaxis.ticktext[1]
    assert "&lt;i&gt;dog&lt;/i&gt;" in figure.data[0].hovertext[1]


def test_a_label_with_too_few_positives_is_in_italics(rows):
    ticks = draw(rows).layout.yaxis.ticktext

    assert [text.startswith("<i>") for text in ticks] == [True, False, False]


def test_the_hover_says_verdict_and_causes_in_words(rows):
    hover = draw(rows).data[0].hovertext[0]

    assert "▲ helped" in hover
    assert "rare, small" in hover


def test_a_chart_without_gains_says_no_verdict_when_pointed_at(rows):
    hover = draw(rows, panels=("average precision", "causes")).data[0].hovertext[0]

    assert "helped" not in hover
    assert "rare, small" in hover


def test_a_line_sets_apart_the_labels_with_too_few_positives(rows):
    last = replace(rows, labels=rows.labels.assign(supported=[True, True, False]))

    def separators(figure):
        traces = [t for t in figure.data if t.type == "scatter" and t.mode == "lines"]
        return [t for t in traces if list(t.y) == [1.5, 1.5]]

    assert len(separators(draw(last))) == len(ALL)
    assert not separators(draw(rows))  # the first has too few, so nothing is apart


def test_the_opened_row_differs_from_the_others(rows):
    colours = draw(rows, opened="owl").data[0].marker.color

    assert colours[2] not in colours[:2]


def test_a_filter_does_not_move_the_axes(rows):
    whole, part = draw(rows), draw(replace(rows, labels=rows.labels.tail(1)))

    for axis in ("xaxis", "xaxis2", "xaxis3", "xaxis4"):
        assert whole.layout[axis].range == part.layout[axis].range


def test_the_chart_grows_with_its_rows(rows):
    less = draw(replace(rows, labels=rows.labels.head(1)))

    assert draw(rows).layout.height - less.layout.height == 2 * ROW_PX


def test_a_panel_without_numbers_is_left_out(rows):
    without = rows.labels.assign(difficulty_rank=np.nan, causes=None)

    figure = draw(replace(rows, labels=without, all_labels=without))

    assert {named(t) for t in figure.data} == {
        *("", "random ranking", "teacher", "baseline", "distilled"),
        *("helped", "hurt", "inconclusive"),
    }


def test_a_model_without_scores_is_not_drawn(rows):
    others = rows.scores[rows.scores["model"] != "baseline"]

    figure = draw(replace(rows, scores=others), panels=("average precision",))

    assert {named(t) for t in figure.data} == {"", "random ranking", "teacher", "distilled"}


def test_eight_models_have_rows_high_enough_to_tell_them_apart(rows):
    first = rows.scores[rows.scores["model"] == "teacher"]
    scores = pd.concat([first.assign(model=name) for name in EIGHT])

    figure = draw(replace(rows, scores=scores, styles=model_styles(EIGHT)))

    heights = sorted(dots(figure, name).y[0] for name in EIGHT)
    apart_px = np.diff(heights) * MODEL_PX * len(EIGHT)
    assert (apart_px > 5).all()
    assert heights[-1] - heights[0] < 0.9  # within the row


def test_no_label_draws_an_empty_frame(rows):
    assert draw(replace(rows, labels=rows.labels.head(0))).layout.height > 0


@pytest.mark.parametrize(
    ("high", "limit"), [(0.03, 0.05), (0.05, 0.1), (0.12, 0.15), (0.99, 1.0), (np.nan, 0.05)]
)
def test_the_gain_axis_ends_on_a_round_number_beyond_every_interval(high, limit):
    table = pd.DataFrame({"gain": [0.0], "gain_low": [-0.01], "gain_high": [high]})

    assert gain_limit(table) == pytest.approx(limit)


def test_the_axis_says_which_models_the_gain_is_between(rows):
    figure = draw(replace(rows, pair=("a", "b")), panels=("rank", "gain"))

    assert figure.layout.xaxis2.title.text == gain_title("a", "b")


def test_the_gain_of_hostile_names_reads_as_it_is():
    title = gain_title("<b>a</b>", "c & d")

    assert "&lt;b&gt;a&lt;/b&gt;" in title
    assert "c &amp; d" in title
