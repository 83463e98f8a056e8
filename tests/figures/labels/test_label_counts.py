import numpy as np
import pandas as pd
import pytest

from udviz.figures.labels.label_counts import labels_per_image, positives_per_label


@pytest.fixture
def counts():
    return pd.DataFrame(
        {"label": ["cat", "<i>dog</i>", "owl"], "train": [400, 30, 2], "test": [90, 7, 0]}
    )


def drawn(figure):
    return {trace.name: list(trace.x) for trace in figure.data if trace.type == "scatter"}


def test_every_split_that_is_known_is_drawn_with_its_counts(counts):
    figure = positives_per_label(counts, all_counts=counts, title="t")

    assert drawn(figure) == {"Training": [400, 30, 2], "Test": [90, 7, 0.5]}


def test_a_count_of_zero_is_drawn_where_the_axis_says_zero(counts):
    axis = positives_per_label(counts, all_counts=counts, title="t").layout.xaxis

    assert dict(zip(axis.tickvals, axis.ticktext, strict=True))[0.5] == "0"
    assert 10 ** axis.range[0] < 0.5
    assert 10 ** axis.range[1] > 400


def test_a_filter_leaves_the_axis_as_it_is(counts):
    all_of_them = positives_per_label(counts, all_counts=counts, title="t")

    few = positives_per_label(counts.tail(1), all_counts=counts, title="t")

    assert few.layout.xaxis.range == all_of_them.layout.xaxis.range


def test_a_row_names_its_label_in_full_and_reads_as_it_is(counts):
    bars = positives_per_label(counts, all_counts=counts, title="t").data[0]

    assert list(bars.customdata) == counts["label"].tolist()
    assert "&lt;i&gt;dog&lt;/i&gt;" in bars.hovertext[1]
    assert "Training: 30 images" in bars.hovertext[1]


def test_labels_that_nobody_carries_still_draw():
    counts = pd.DataFrame({"label": ["cat"], "test": [0]})

    axis = positives_per_label(counts, all_counts=counts, title="t").layout.xaxis

    assert np.isfinite(axis.range).all()


def test_labels_per_image_are_drawn_as_given():
    carried = pd.DataFrame({"labels": [0, 1], "images": [30, 10], "share": [0.75, 0.25]})

    (bars,) = labels_per_image(carried, title="t").data

    assert list(bars.x) == [0, 1]
    assert list(bars.y) == [0.75, 0.25]
    assert list(bars.customdata) == [30, 10]


@pytest.mark.parametrize(("most", "step"), [(2, 1), (12, 1), (25, 3)])
def test_labels_per_image_are_counted_in_whole_steps(most, step):
    carried = pd.DataFrame({"labels": range(most + 1), "images": 1, "share": 1 / (most + 1)})

    axis = labels_per_image(carried, title="t").layout.xaxis

    assert (axis.tick0, axis.dtick) == (0, step)
