"""Runs of several models, paired by the number of their seeds."""

import numpy as np

from udviz.stats.ranking.score_sets import ScoreSets


def test_runs_are_paired_by_the_number_of_their_seed():
    sets = ScoreSets.of(
        {
            name: dict.fromkeys(seeds, np.empty(0))
            for name, seeds in (("a", (7, 8, 9)), ("b", (9, 8)), ("t", (1,)))
        },
        fixed=frozenset({"t"}),
    )

    assert sets.paired("a", "b").tolist() == [[1, 4], [2, 3]]
    assert sets.paired("b", "t").tolist() == [[4, 5], [3, 5]]
    assert sets.paired("t").tolist() == [[5]]
    assert sets.size == 6
