import numpy as np
import pandas as pd
import pytest

from udviz.figures.labels.panels import gain_limit, gain_title
from udviz.figures.labels.ranking import ranking

ALL = ("rank", "average precision", "gain", "causes")


def draw(labels, *, panels=ALL, all_labels=None, opened=None):
    everything = labels if all_labels is None else all_labels
    return ranking(labels, all_labels=everything, panels=panels, title="t", opened=opened)


def dots(figure, name):
    return next(t for t in figure.data if t.name == name and t.mode == "markers")


def lines(figure, name):
    return next(t for t in figure.data if t.name == name and t.mode == "lines")


def test_the_dots_are_the_numbers_given(labels):
    figure = draw(labels)

    assert list(dots(figure, "Teacher").x) == labels["ap_teacher"].tolist()
    assert list(dots(figure, "Difficulty rank").x) == [1, 2, 3]
    assert list(dots(figure, "helped").x) == [0.03]
    assert list(dots(figure, "hurt").y) == [1]


def test_the_lines_end_at_the_intervals_given(labels):
    x = np.array(lines(draw(labels), "Distilled").x).reshape(3, 3)

    np.testing.assert_array_equal(x[:, 0], labels["ap_distilled_low"])
    np.testing.assert_array_equal(x[:, 1], labels["ap_distilled_high"])
    assert np.isnan(x[:, 2]).all()


def test_causes_are_marked_in_the_row_of_their_label(labels):
    figure = draw(labels, panels=("causes",))
    marks = next(t for t in figure.data if t.type == "scatter")

    names = [figure.layout.xaxis.ticktext[x] for x in marks.x]
    assert list(zip(names, marks.y, strict=True)) == [("rare", 0), ("small", 0), ("occluded", 2)]


def test_a_click_on_a_row_names_its_label_in_full(labels):
    bars = draw(labels).data[0]

    assert bars.type == "bar"
    assert list(bars.customdata) == labels["label"].tolist()


def test_names_are_escaped_where_plotly_reads_html(labels):
    figure = draw(labels)

    assert "&lt;i&gt;dog&lt;/i&gt;" in figure.layout.yaxis.ticktext[1]
    assert "&lt;i&gt;dog&lt;/i&gt;" in figure.data[0].hovertext[1]


def test_a_label_with_too_few_positives_is_in_italics(labels):
    ticks = draw(labels).layout.yaxis.ticktext

    assert [text.startswith("<i>") for text in ticks] == [True, False, False]


def test_the_hover_says_verdict_and_causes_in_words(labels):
    hover = draw(labels).data[0].hovertext[0]

    assert "▲ helped" in hover
    assert "rare, small" in hover


def test_the_opened_row_differs_from_the_others(labels):
    colours = draw(labels, opened="owl").data[0].marker.color

    assert colours[2] not in colours[:2]


def test_a_filter_does_not_move_the_axes(labels):
    whole, part = draw(labels), draw(labels.tail(1), all_labels=labels)

    for axis in ("xaxis", "xaxis2", "xaxis3", "xaxis4"):
        assert whole.layout[axis].range == part.layout[axis].range


def test_the_chart_grows_with_its_rows(labels):
    taller = draw(labels).layout.height - draw(labels.head(1), all_labels=labels).layout.height

    assert taller == 2 * 26


def test_a_panel_without_numbers_is_left_out(labels):
    without = labels.assign(difficulty_rank=np.nan, causes=None)

    figure = draw(without)

    assert {t.name for t in figure.data} == {
        *(None, "Teacher", "Baseline", "Distilled"),
        *("helped", "hurt", "cannot tell"),
    }


def test_a_model_without_scores_is_not_drawn(labels):
    figure = draw(labels.assign(ap_baseline=np.nan), panels=("average precision",))

    assert "Baseline" not in {t.name for t in figure.data}


def test_no_label_draws_an_empty_frame(labels):
    assert draw(labels.head(0), all_labels=labels).layout.height > 0


@pytest.mark.parametrize(
    ("high", "limit"), [(0.03, 0.05), (0.05, 0.1), (0.12, 0.15), (0.99, 1.0), (np.nan, 0.05)]
)
def test_the_gain_axis_ends_on_a_round_number_beyond_every_interval(high, limit):
    table = pd.DataFrame({"gain": [0.0], "gain_low": [-0.01], "gain_high": [high]})

    assert gain_limit(table) == pytest.approx(limit)


def test_a_panel_may_be_given_another_title(labels):
    figure = ranking(
        labels,
        all_labels=labels,
        panels=("rank", "gain"),
        title="t",
        axis_titles={"gain": "Gain, b − a"},
    )

    assert figure.layout.xaxis2.title.text == "Gain, b − a"
    assert "Difficulty rank" in figure.layout.xaxis.title.text


def test_the_gain_of_hostile_names_reads_as_it_is():
    title = gain_title("<b>a</b>", "c & d")

    assert "&lt;b&gt;a&lt;/b&gt;" in title
    assert "c &amp; d" in title
