import numpy as np
import pytest

from udviz.stats.calibration.distributions import probability_distribution


def test_a_case_worked_by_hand():
    probs = np.array([0.0, 0.49, 0.5, 1.0, 0.2, 0.7])
    targets = np.array([0, 0, 1, 1, 0, -1])

    found = probability_distribution(probs, targets, n_bins=2)

    assert found.edges.tolist() == [0, 0.5, 1]
    assert found.counts.tolist() == [[0, 2], [3, 0]]
    assert found.shares.tolist() == [[0, 1], [1, 0]]


def test_it_agrees_with_counting_bin_by_bin(rng):
    probs, targets = rng.random(2000), rng.integers(-1, 2, 2000)

    found = probability_distribution(probs, targets, n_bins=10)

    for value, counts in zip((1, 0), found.counts, strict=True):
        place = np.floor(probs[targets == value] * 10).astype(int)
        assert counts.tolist() == np.bincount(place, minlength=10).tolist()


def test_each_side_is_shared_out_among_its_own_images(rng):
    targets = (np.arange(10_000) < 5).astype(np.int8)

    found = probability_distribution(rng.random(10_000), targets)

    assert found.shares.sum(axis=1) == pytest.approx([1, 1])
    assert found.counts.sum(axis=1).tolist() == [5, 9995]


def test_a_side_without_images_has_no_shares():
    found = probability_distribution(np.array([0.3, 0.4]), np.array([0, -1]))

    assert found.shares.sum(axis=1).tolist() == [0, 1]


def test_what_is_no_probability_and_no_bin_is_refused():
    with pytest.raises(ValueError, match=r"`probs` must lie in \[0, 1\]"):
        probability_distribution(np.array([1.5]), np.array([1]))
    with pytest.raises(ValueError, match="`n_bins` must be at least 1"):
        probability_distribution(np.array([0.5]), np.array([1]), n_bins=0)
