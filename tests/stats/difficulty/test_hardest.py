import numpy as np
import pytest

from udviz.stats.difficulty.hardest import hardest_third


def test_the_hardest_third_is_of_the_supported_labels_whose_difficulty_is_known():
    difficulty = np.array([0.2, 0.9, np.nan, 0.5, 0.8, 0.1, 0.7])
    supported = np.array([True, False, True, True, True, True, True])

    hard = hardest_third(difficulty, supported)

    assert np.flatnonzero(hard).tolist() == [4, 6]  # of 0.2, 0.5, 0.8, 0.1 and 0.7


@pytest.mark.parametrize(("n_labels", "n_hard"), [(0, 0), (1, 0), (2, 1), (3, 1), (20, 7)])
def test_a_third_is_rounded_to_whole_labels(n_labels, n_hard):
    assert hardest_third(np.zeros(n_labels), np.ones(n_labels, bool)).sum() == n_hard


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="shape"):
        hardest_third(np.zeros(3), np.ones(2, bool))
