"""Gains without the few images that they rest on."""

import numpy as np
import pytest

from udviz.stats.comparison.influential import (
    gain_without_few,
    mean_gain_without_few,
    most_influential,
    rests_on_few,
)
from udviz.stats.ranking.ranked import ranked_columns
from udviz.stats.ranking.ranking import average_precision

FIRST, SECOND = np.array([0]), np.array([1])


def ranked(before, after, targets):
    (found,) = ranked_columns([np.c_[before], np.c_[after]], np.c_[targets].astype(np.int8))
    return found


def test_a_gain_that_one_image_makes_is_none_without_it_by_hand():
    # the fourth positive is below six negatives, then it leads: 17/20 -> 1 with it
    targets = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    before = [9.0, 8.0, 7.0, 0.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    after = [*before[:3], 10.0, *before[4:]]
    found = ranked(before, after, targets)

    without = gain_without_few(found, before=FIRST, after=SECOND)

    assert found.average_precision.tolist() == pytest.approx([0.85, 1.0])
    assert without == 0  # the three others lead in both


@pytest.mark.parametrize("sign", [1, -1])
def test_it_is_the_gain_of_the_remaining_images_computed_anew(rng, sign):
    targets = (rng.random(3000) < 0.15).astype(np.int8)
    scores = [np.round(targets * gap + rng.normal(size=3000), 1) for gap in (1.0, 1.5)][::sign]
    found = ranked(*scores, targets)

    without = gain_without_few(found, before=FIRST, after=SECOND)

    gain = found.average_precision[1] - found.average_precision[0]
    influence = found.influence[1] - found.influence[0]
    left = np.setdiff1d(
        np.arange(3000), most_influential(influence, gain=gain, of=int(targets.sum()))
    )
    ap = [average_precision(np.c_[own[left]], np.c_[targets[left]])[0] for own in scores]
    assert without == pytest.approx(ap[1] - ap[0], abs=1e-12)
    assert 3000 - left.size == targets.sum() // 100
    assert (without - gain) * sign < 0


def test_a_planted_image_that_decides_an_ap_is_the_one_that_is_left_out(rng):
    targets = np.r_[np.ones(5), np.zeros(500)].astype(np.int8)
    before = targets * 0.5 + rng.normal(size=505)
    after = before.copy()
    after[0] = 99.0
    found = ranked(before, after, targets)

    influence = found.influence[1] - found.influence[0]

    assert most_influential(influence, gain=0.1, of=5).tolist() == [0]
    assert abs(gain_without_few(found, before=FIRST, after=SECOND)) < 0.01


def test_without_a_positive_there_is_no_gain_and_the_verdict_rests_on_it():
    found = ranked([0.0, 1.0], [1.0, 0.0], [1, 0])

    without = found.ranked[0].average_precision_without(np.array([0]))

    assert np.isnan(without)
    assert rests_on_few(*(np.array([x]) for x in (0.5, 0.4, 0.6, without))).all()


def test_a_verdict_turns_where_the_interval_moved_along_holds_zero():
    gain, low, high = np.array([0.1, 0.1, -0.1]), np.array([0.05, 0.05, -0.2]), np.full(3, -0.04)
    high[:2] = 0.2

    assert rests_on_few(gain, low, high, np.array([0.06, 0.04, -0.05])).tolist() == [
        False,
        True,
        True,
    ]


def test_of_a_mean_the_largest_influences_are_taken_off():
    influence = np.r_[0.05, np.full(199, -0.05 / 199)]

    assert mean_gain_without_few(influence, gain=0.03) == pytest.approx(0.03 - 0.05 + 0.05 / 199)
