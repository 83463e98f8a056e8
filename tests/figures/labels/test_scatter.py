import numpy as np
import pytest

from udviz.figures.labels.panels import gain_title
from udviz.figures.labels.scatter import gain_between, label_scatter, numbers_of

NUMBERS = numbers_of(["teacher", "kd"], reference="teacher", pair=("a", "b"))


@pytest.fixture
def labels(labels):
    return labels.assign(
        difficulty=[0.6, 0.4, 0.1], **{"average_precision of teacher": [0.4, 0.6, 0.9]}
    )


def draw(labels, hover):
    return label_scatter(
        labels, hover, x=NUMBERS["difficulty"], y=gain_between("a", "b"), title="t"
    )


def test_every_label_is_drawn_at_its_numbers_with_the_mark_of_its_verdict(labels, hover):
    drawn = {t.name: [*zip(t.x, t.y, strict=True)] for t in draw(labels, hover).data}

    assert drawn == {
        "helped (1)": [(0.6, 0.03)],
        "hurt (1)": [(0.4, -0.06)],
        "inconclusive (1)": [(0.1, 0.01)],
    }


@pytest.mark.parametrize("column", ["gain", "difficulty"])
def test_a_label_that_lacks_a_number_is_left_out(labels, hover, column):
    part = labels.assign(**{column: labels[column].where(labels["label"] != "owl")})

    assert [len(t.x) for t in draw(part, hover).data] == [1, 1, 0]


def test_a_label_without_a_verdict_is_inconclusive(labels, hover):
    assert [len(t.x) for t in draw(labels.assign(verdict=None), hover).data] == [0, 0, 3]


def test_a_click_on_a_mark_names_its_label_in_full_and_the_hover_escapes_it(labels, hover):
    hurt = draw(labels, hover).data[1]

    assert list(hurt.customdata) == ["<i>dog</i>"]
    assert "&lt;i&gt;dog&lt;/i&gt;" in hurt.hovertext[0]


def test_the_axes_hold_every_label_and_no_gain(labels, hover):
    figure = draw(labels.assign(gain=labels["gain"].abs() + 0.3), hover)

    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert left < 0.1 < 0.6 < right
    assert low < 0 < 0.36 < high


def test_labels_that_are_equally_difficult_have_an_axis(labels, hover):
    left, right = draw(labels.assign(difficulty=0.0), hover).layout.xaxis.range

    assert left < 0 < right


def test_no_label_draws_an_empty_frame(labels, hover):
    assert draw(labels.head(0), hover).layout.height > 0


def test_any_two_numbers_are_drawn_and_counts_on_a_log_axis(labels, hover):
    figure = label_scatter(
        labels.assign(prevalence=[0.5, 0.05, 0.005]),
        hover,
        x=NUMBERS["prevalence"],
        y=NUMBERS["AP of teacher"],
        title="t",
    )

    drawn = {(x, y) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert drawn == set(zip([0.5, 0.05, 0.005], [0.4, 0.6, 0.9], strict=True))
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


def test_a_label_without_a_logarithm_is_left_out_of_a_log_axis(labels, hover):
    figure = label_scatter(
        labels.assign(prevalence=[0.5, 0.0, 0.005]),
        hover,
        x=NUMBERS["prevalence"],
        y=NUMBERS["difficulty"],
        title="t",
    )

    assert sum(len(trace.x) for trace in figure.data) == 2


def test_labels_of_a_study_without_gains_have_no_verdicts(labels, hover):
    figure = label_scatter(
        labels.assign(gain=np.nan, verdict=None),
        hover,
        x=NUMBERS["difficulty"],
        y=NUMBERS["AP of teacher"],
        title="t",
    )

    assert len(figure.data) == 1
    assert not figure.layout.showlegend


def test_the_opened_label_is_named_where_it_lies(labels, hover):
    figure = label_scatter(
        labels.assign(prevalence=[0.5, 0.05, 0.005]),
        hover,
        x=NUMBERS["prevalence"],
        y=NUMBERS["difficulty"],
        title="t",
        opened="<i>dog</i>",
    )

    (note,) = figure.layout.annotations
    assert "&lt;i&gt;dog" in note.text
    assert (note.x, note.y) == (pytest.approx(np.log10(0.05)), 0.4)


def test_the_axis_says_which_models_the_gain_is_between(labels, hover):
    assert draw(labels, hover).layout.yaxis.title.text == gain_title("a", "b")


def test_every_model_has_its_scores_to_choose_from():
    names = numbers_of(["teacher", "<b>"], reference="teacher", pair=None)

    assert {"AP of <b>", "ECE of <b>", "AP of teacher"} <= names.keys()
    assert "&lt;b&gt;" in names["AP of <b>"].axis
    assert "gain" not in names
