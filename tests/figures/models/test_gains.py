import numpy as np

from udviz.figures.labels.panels import gain_title
from udviz.figures.models.gains import gain_curve


def draw(labels, hover):
    return gain_curve(labels, hover, pair=("baseline", "distilled"), title="t")


def dots(figure):
    return [trace for trace in figure.data if trace.mode == "markers"]


def test_labels_go_from_the_largest_loss_to_the_largest_gain(labels, hover):
    figure = draw(labels, hover)

    drawn = sorted(
        (x, name) for t in dots(figure) for x, name in zip(t.x, t.customdata, strict=True)
    )
    assert [name for _, name in drawn] == ["<i>dog</i>", "owl", "cat"]


def test_every_gain_is_drawn_with_the_mark_of_its_verdict(labels, hover):
    drawn = {t.name: list(t.y) for t in dots(draw(labels, hover))}

    assert drawn == {"helped (1)": [0.03], "hurt (1)": [-0.06], "inconclusive (1)": [0.01]}


def test_a_label_without_a_gain_is_left_out(labels, hover):
    part = labels.assign(gain=labels["gain"].where(labels["label"] != "owl"))

    figure = draw(part, hover)

    assert "owl" not in {name for t in dots(figure) for name in t.customdata}
    assert figure.layout.xaxis.range == (0.5, 2.5)


def test_a_label_without_a_verdict_is_inconclusive(labels, hover):
    figure = draw(labels.assign(verdict=None), hover)

    assert [len(t.y) for t in dots(figure)] == [0, 0, 3]


def test_zero_is_in_the_middle_of_the_axis(labels, hover):
    low, high = draw(labels, hover).layout.yaxis.range

    assert np.isclose(low, -high)
    assert high > 0.08  # the widest interval ends there


def test_the_axis_says_which_models_the_gain_is_between(labels, hover):
    figure = gain_curve(labels, hover, pair=("a", "b"), title="t")

    assert figure.layout.yaxis.title.text == gain_title("a", "b")
