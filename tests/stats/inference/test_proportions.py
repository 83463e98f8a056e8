import numpy as np
import pytest
from scipy.stats import fisher_exact

from udviz.stats.inference.proportions import exact_p


def p_of(*counts):
    return exact_p(*(np.array(count) for count in counts))


def test_a_case_worked_by_hand():
    # 3 of 3 against 0 of 3: one of 20 equally likely ways, and one in the other direction
    assert p_of(3, 3, 0, 3) == pytest.approx(2 / 20)


def test_it_is_twice_the_smaller_one_sided_p_of_scipy(rng):
    trials, other_trials = rng.integers(1, 60, (2, 50))
    events, other_events = rng.integers(0, trials + 1), rng.integers(0, other_trials + 1)

    p = p_of(events, trials, other_events, other_trials)

    for place in range(50):
        table = [
            [events[place], trials[place] - events[place]],
            [other_events[place], other_trials[place] - other_events[place]],
        ]
        sides = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
        assert p[place] == pytest.approx(min(1, 2 * min(sides)))


def test_thousands_of_tests_on_a_million_images_are_exact_far_into_the_tail():
    p = p_of([213, 2130], [1094, 10_940], [19, 190], [1004, 1_000_000])

    assert p[0] == pytest.approx(4.3e-43, rel=0.01)
    assert 0 <= p[1] < 1e-300


def test_nothing_is_said_of_an_empty_set():
    assert np.isnan(p_of(0, 0, 1, 5))


@pytest.mark.parametrize("events", [-1, 6, 2.5])
def test_counts_that_are_none_are_refused(events):
    with pytest.raises(ValueError, match=r"whole numbers in \[0, trials\]"):
        p_of(events, 5, 1, 5)
