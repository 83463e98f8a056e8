import numpy as np
import pandas as pd
import pytest

from udviz.stats.comparison.contributions import image_contributions
from udviz.stats.ranking.ranking import average_precision


@pytest.fixture
def data(rng):
    targets = (rng.random((200, 3)) < 0.15).astype(np.int8)
    baseline = np.round(rng.normal(size=targets.shape) + targets, 1)
    return baseline, np.round(baseline + 0.5 * rng.normal(size=targets.shape), 1), targets


def test_a_case_worked_by_hand():
    # baseline: negative 0 above positive 1, so AP 1/2; distilled: AP 1. Each gets half.
    targets = np.array([[0], [1], [0]], np.int8)
    baseline, distilled = np.array([[3.0], [2.0], [1.0]]), np.array([[1.5], [2.0], [1.0]])

    table = image_contributions(baseline, distilled, targets, label=0)

    assert table["image"].tolist() == [0, 1, 2]
    assert table["present"].tolist() == [False, True, False]
    assert table["contribution"].tolist() == pytest.approx([0.25, 0.25, 0])
    assert table["rank_before"].tolist() == [1, 2, 3]
    assert table["rank_after"].tolist() == [2, 1, 3]


def test_contributions_sum_to_the_gain_also_with_ties_and_unknowns(data, rng):
    baseline, distilled, targets = data
    targets = np.where(rng.random(targets.shape) < 0.1, -1, targets).astype(np.int8)
    gain = average_precision(distilled, targets) - average_precision(baseline, targets)

    for label in range(3):
        table = image_contributions(baseline, distilled, targets, label=label)
        assert table["contribution"].sum() == pytest.approx(gain[label], abs=1e-12)
        assert set(table["image"]) == set(np.flatnonzero(targets[:, label] != -1))


def test_positives_and_negatives_share_the_gain_evenly(data):
    table = image_contributions(*data, label=1)

    halves = table.groupby("present")["contribution"].sum()
    assert halves[True] == pytest.approx(halves[False])


def test_the_most_helpful_comes_first(data):
    assert image_contributions(*data, label=0)["contribution"].is_monotonic_decreasing


def test_a_negative_that_leaves_the_top_is_what_made_the_difference(rng):
    targets = (np.arange(100) < 10).astype(np.int8)[:, None]
    distilled = targets + 0.1 * rng.random((100, 1))
    baseline = distilled.copy()
    baseline[42] = 5

    first = image_contributions(baseline, distilled, targets, label=0).loc[0]

    assert (first["image"], first["present"]) == (42, False)
    assert first["rank_before"] == 1


def test_seeds_are_averaged(data, rng):
    baseline, distilled, targets = data
    seeds = [distilled, baseline + rng.normal(size=baseline.shape)]

    both = image_contributions(baseline, seeds, targets, label=2).set_index("image")

    each = [image_contributions(baseline, s, targets, label=2).set_index("image") for s in seeds]
    mean = (each[0]["contribution"] + each[1]["contribution"]) / 2
    np.testing.assert_allclose(both["contribution"].sort_index(), mean.sort_index(), atol=1e-15)


def test_a_label_without_positives_is_refused(data):
    data[2][:, 0] = 0

    with pytest.raises(ValueError, match="`targets` must hold at least one 1"):
        image_contributions(*data, label=0)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_does_not_exist_is_refused(data, label):
    with pytest.raises(IndexError, match=r"`label` must lie in \[0, 3\), got"):
        image_contributions(*data, label=label)


@pytest.mark.parametrize("most", [1, 3, 14, 15, 40])
def test_the_ends_are_those_of_the_whole_table(rng, most):
    targets = (rng.random((30, 1)) < 0.3).astype(np.int8)
    baseline, distilled = rng.integers(0, 3, (2, 30, 1)).astype(float)  # many share a contribution

    ends = image_contributions(baseline, distilled, targets, label=0, most=most)

    whole = image_contributions(baseline, distilled, targets, label=0)
    wanted = whole if 2 * most >= 30 else pd.concat([whole.head(most), whole.tail(most)])
    pd.testing.assert_frame_equal(ends, wanted.reset_index(drop=True))
