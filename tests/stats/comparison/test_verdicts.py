import numpy as np
import pytest

from udviz.stats.comparison.verdicts import verdict_of, verdicts


def test_a_verdict_needs_a_small_q_and_names_the_direction():
    gain, q = np.array([0.1, -0.1, 0.1, 0.0, np.nan]), np.array([0.05, 0.01, 0.06, 0.0, np.nan])

    assert verdicts(gain, q, level=0.05) == [
        "helped",
        "hurt",
        "inconclusive",
        "inconclusive",
        "inconclusive",
    ]


def test_a_fall_of_what_is_better_low_helps():
    gain, q = np.array([-0.1, 0.1, -0.1]), np.array([0.01, 0.01, 0.9])

    assert verdicts(gain, q, level=0.05, higher_is_better=False) == [
        "helped",
        "hurt",
        "inconclusive",
    ]


@pytest.mark.parametrize(
    ("low", "high", "higher", "word"),
    [
        (0.1, 0.2, True, "helped"),
        (0.1, 0.2, False, "hurt"),
        (-0.2, -0.1, True, "hurt"),
        (-0.2, -0.1, False, "helped"),
        (-0.1, 0.1, False, "inconclusive"),
        (np.nan, np.nan, True, "inconclusive"),
    ],
)
def test_the_verdict_of_a_mean_follows_its_interval(low, high, higher, word):
    assert verdict_of(low, high, higher_is_better=higher) == word
