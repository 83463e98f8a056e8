import numpy as np
import pytest

from udviz.figures.labels.panels import gain_title
from udviz.figures.labels.scatter import NUMBERS, gain_between, label_scatter


@pytest.fixture
def labels(labels):
    return labels.assign(difficulty=[0.6, 0.4, 0.1])


def draw(labels):
    return label_scatter(labels, x=NUMBERS["difficulty"], y=gain_between("a", "b"), title="t")


def test_every_label_is_drawn_at_its_numbers_with_the_mark_of_its_verdict(labels):
    drawn = {t.name: [*zip(t.x, t.y, strict=True)] for t in draw(labels).data}

    assert drawn == {
        "helped (1)": [(0.6, 0.03)],
        "hurt (1)": [(0.4, -0.06)],
        "cannot tell (1)": [(0.1, 0.01)],
    }


@pytest.mark.parametrize("column", ["gain", "difficulty"])
def test_a_label_that_lacks_a_number_is_left_out(labels, column):
    part = labels.assign(**{column: labels[column].where(labels["label"] != "owl")})

    assert [len(t.x) for t in draw(part).data] == [1, 1, 0]


def test_a_label_without_a_verdict_cannot_be_told(labels):
    assert [len(t.x) for t in draw(labels.assign(verdict=None)).data] == [0, 0, 3]


def test_a_click_on_a_mark_names_its_label_in_full_and_the_hover_escapes_it(labels):
    hurt = draw(labels).data[1]

    assert list(hurt.customdata) == ["<i>dog</i>"]
    assert "&lt;i&gt;dog&lt;/i&gt;" in hurt.hovertext[0]


def test_the_axes_hold_every_label_and_no_gain(labels):
    figure = draw(labels.assign(gain=labels["gain"].abs() + 0.3))

    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert left < 0.1 < 0.6 < right
    assert low < 0 < 0.36 < high


def test_labels_that_are_equally_difficult_have_an_axis(labels):
    left, right = draw(labels.assign(difficulty=0.0)).layout.xaxis.range

    assert left < 0 < right


def test_no_label_draws_an_empty_frame(labels):
    assert draw(labels.head(0)).layout.height > 0


def test_any_two_numbers_are_drawn_and_counts_on_a_log_axis(labels):
    figure = label_scatter(
        labels.assign(prevalence=[0.5, 0.05, 0.005]),
        x=NUMBERS["prevalence"],
        y=NUMBERS["teacher AP"],
        title="t",
    )

    drawn = {(x, y) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert drawn == set(zip([0.5, 0.05, 0.005], labels["ap_teacher"], strict=True))
    assert figure.layout.xaxis.type == "log"
    low, high = figure.layout.xaxis.range
    assert low < np.log10(0.005) < np.log10(0.5) < high
    assert list(figure.layout.xaxis.ticktext) == [
        "0.005",
        "0.01",
        "0.02",
        "0.05",
        "0.1",
        "0.2",
        "0.5",
    ]


def test_a_label_without_a_logarithm_is_left_out_of_a_log_axis(labels):
    figure = label_scatter(
        labels.assign(prevalence=[0.5, 0.0, 0.005]),
        x=NUMBERS["prevalence"],
        y=NUMBERS["difficulty"],
        title="t",
    )

    assert sum(len(trace.x) for trace in figure.data) == 2


def test_labels_of_a_study_without_gains_have_no_verdicts(labels):
    figure = label_scatter(
        labels.assign(gain=np.nan, verdict=None),
        x=NUMBERS["difficulty"],
        y=NUMBERS["teacher AP"],
        title="t",
    )

    assert len(figure.data) == 1
    assert not figure.layout.showlegend


def test_the_opened_label_is_named_where_it_lies(labels):
    figure = label_scatter(
        labels.assign(prevalence=[0.5, 0.05, 0.005]),
        x=NUMBERS["prevalence"],
        y=NUMBERS["difficulty"],
        title="t",
        opened="<i>dog</i>",
    )

    (note,) = figure.layout.annotations
    assert "&lt;i&gt;dog" in note.text
    assert (note.x, note.y) == (pytest.approx(np.log10(0.05)), 0.4)


def test_the_axis_says_which_models_the_gain_is_between(labels):
    assert draw(labels).layout.yaxis.title.text == gain_title("a", "b")
