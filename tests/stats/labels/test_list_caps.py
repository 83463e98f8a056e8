import numpy as np
import pandas as pd
import pytest

from udviz.stats.labels.label_counts import labels_per_image
from udviz.stats.labels.list_caps import list_cap, may_go_together
from udviz.stats.labels.relations import co_occurrence


def counted(carried):
    return np.bincount(carried)


def pairs_of(targets):
    """Rows of the table `co_occurrence`."""
    lift = co_occurrence(targets).lift
    first, second = np.nonzero(~np.eye(len(lift), dtype=bool))
    names = np.array([f"label {place}" for place in range(len(lift))], dtype=object)
    table = {"label": names[first], "other_label": names[second], "lift": lift[first, second]}
    return pd.DataFrame(table)


def cut(targets, most, rng):
    """The first labels of every image in an order of its own, at most so many."""
    order = np.argsort(rng.random(targets.shape) + (targets == 0), axis=1)
    kept = np.take_along_axis(targets, order, axis=1)
    kept[:, most:] = 0
    shorter = np.zeros_like(targets)
    np.put_along_axis(shorter, order, kept, axis=1)
    return shorter


def test_a_cut_is_told_with_its_share_and_the_share_that_is_allowed():
    cap = list_cap(np.array([0, 100, 200, 700]))

    assert (cap.labels, cap.images, cap.share) == (3, 700, 0.7)
    assert cap.allowed == pytest.approx(200**2 / 100 * 2 / 6 / 1000)


@pytest.mark.parametrize("most", [3, 4, 5])
def test_a_planted_cut_is_found(rng, most):
    targets = (rng.random((3000, 24)) < 0.2).astype(np.int8)  # 4.8 labels per image

    shorter = cut(targets, most, rng)

    assert list_cap(labels_per_image(targets)["images"].to_numpy()) is None
    cap = list_cap(labels_per_image(shorter)["images"].to_numpy())
    assert cap.labels == most
    assert may_go_together(pairs_of(shorter), most + 1)


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.poisson(2.5, 2000),
        lambda rng: rng.negative_binomial(1, 0.3, 2000),
        lambda rng: rng.binomial(3, 0.8, 2000),  # three things that are there or not
        lambda rng: rng.binomial(3, 0.97, 2000),
        lambda rng: rng.integers(1, 4, 2000),  # no number stands out
        lambda rng: rng.integers(1, 6, 2000),
        lambda rng: np.minimum(rng.poisson(0.8, 2000), 3),  # a cut that few lists reach
        lambda rng: np.full(2000, 3),  # three questions, always answered
        lambda rng: rng.binomial(1, 0.9, 2000),  # one label or none
    ],
)
def test_counts_that_end_by_themselves_are_not_taken_for_a_cut(rng, draw):
    assert [cap for _ in range(200) if (cap := list_cap(counted(draw(rng))))] == []


def test_few_images_tell_nothing_and_images_without_labels_do_not_matter():
    assert list_cap(np.array([0, 15, 30, 100])) is None
    assert list_cap(np.array([5000, 100, 200, 700])).labels == 3
    assert list_cap(np.array([0])) is None
    assert list_cap(np.array([0, 100, 200, 700, 0])).labels == 3  # nobody carries four


def test_labels_that_exclude_each_other_never_go_together_in_larger_number(rng):
    chosen = rng.integers(
        0, 4, size=(3000, 3)
    )  # one of four colours, of four shapes, of four sizes
    targets = np.zeros((3000, 12), dtype=np.int8)
    for question in range(3):
        targets[np.arange(3000), 4 * question + chosen[:, question]] = 1
    careless = rng.random(3000) < 0.2  # who answers all questions or few
    targets[careless, 4:] *= rng.random((careless.sum(), 8)) < 0.4

    assert list_cap(labels_per_image(targets)["images"].to_numpy()) is not None
    assert may_go_together(pairs_of(targets), 3)
    assert not may_go_together(pairs_of(targets), 4)
