import numpy as np

from udviz.figures.models.gains import gain_curve


def dots(figure):
    return [trace for trace in figure.data if trace.mode == "markers"]


def test_labels_go_from_the_largest_loss_to_the_largest_gain(labels):
    figure = gain_curve(labels, title="t")

    drawn = sorted(
        (x, name) for t in dots(figure) for x, name in zip(t.x, t.customdata, strict=True)
    )
    assert [name for _, name in drawn] == ["<i>dog</i>", "owl", "cat"]


def test_every_gain_is_drawn_with_the_mark_of_its_verdict(labels):
    drawn = {t.name: list(t.y) for t in dots(gain_curve(labels, title="t"))}

    assert drawn == {"helped (1)": [0.03], "hurt (1)": [-0.06], "cannot tell (1)": [0.01]}


def test_a_label_without_a_gain_is_left_out(labels):
    part = labels.assign(gain=labels["gain"].where(labels["label"] != "owl"))

    figure = gain_curve(part, title="t")

    assert "owl" not in {name for t in dots(figure) for name in t.customdata}
    assert figure.layout.xaxis.range == (0.5, 2.5)


def test_a_label_without_a_verdict_cannot_be_told(labels):
    figure = gain_curve(labels.assign(verdict=None), title="t")

    assert [len(t.y) for t in dots(figure)] == [0, 0, 3]


def test_zero_is_in_the_middle_of_the_axis(labels):
    low, high = gain_curve(labels, title="t").layout.yaxis.range

    assert np.isclose(low, -high)
    assert high > 0.08  # the widest interval ends there
