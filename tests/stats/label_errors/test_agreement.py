import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from udviz.stats.label_errors.agreement import agreement_beyond_chance, reviewer_agreement


def of_two(first, second, **asked):
    """Agreement of two reviewers of the same targets."""
    n = len(first)
    table = reviewer_agreement(
        ["Ada"] * n + ["Ben"] * n, [*range(n), *range(n)], [*first, *second], **asked
    )
    (row,) = table.to_dict("records")
    return row


def test_an_example_worked_by_hand():
    first = ["wrong"] * 5 + ["right"] * 5
    second = ["wrong"] * 4 + ["right"] * 6

    row = of_two(first, second)

    assert (row["first"], row["second"], row["both"], row["agreed"]) == ("Ada", "Ben", 10, 9)
    assert row["share"] == pytest.approx(0.9)
    assert row["kappa"] == pytest.approx((0.9 - 0.5) / (1 - 0.5))  # chance: .5 * .4 + .5 * .6
    assert row["low"] == pytest.approx(0.5958, abs=1e-4)  # Wilson, 9 of 10
    assert row["kappa_low"] == pytest.approx((row["low"] - 0.5) / 0.5)
    assert row["kappa_high"] == pytest.approx((row["high"] - 0.5) / 0.5)


def test_kappa_is_that_of_scikit_learn(rng):
    first = rng.choice(["wrong", "right", "unsure"], 60, p=[0.5, 0.3, 0.2])
    second = np.where(rng.random(60) < 0.6, first, rng.choice(["wrong", "right", "unsure"], 60))

    row = of_two(first.tolist(), second.tolist())

    assert row["kappa"] == pytest.approx(cohen_kappa_score(first, second))


def test_kappa_is_undefined_where_both_say_the_same_of_everything():
    row = of_two(["right"] * 4, ["right"] * 4)

    assert row["share"] == 1
    assert np.isnan([row["kappa"], row["kappa_low"], row["kappa_high"]]).all()


def test_few_targets_without_a_difference_are_no_proof_of_perfect_agreement():
    row = of_two(["wrong", "right", "wrong"], ["wrong", "right", "wrong"])

    assert row["kappa"] == row["kappa_high"] == pytest.approx(1)
    assert row["kappa_low"] < 0.1


@pytest.mark.parametrize("n", [6, 12, 40])
def test_the_interval_of_kappa_covers_what_it_says(rng, n):
    cells = np.array([[0.3, 0.05, 0.05], [0.05, 0.3, 0.05], [0.05, 0.05, 0.1]])
    chance = cells.sum(0) @ cells.sum(1)
    drawn = rng.multinomial(n, cells.ravel(), size=5_000).reshape(-1, 3, 3)

    found = agreement_beyond_chance(
        drawn.trace(axis1=1, axis2=2),
        np.full(len(drawn), n),
        (drawn.sum(1) * drawn.sum(2)).sum(1) / n**2,
    )

    true = (cells.trace() - chance) / (1 - chance)
    covered = (found["kappa_low"] <= true) & (true <= found["kappa_high"])
    assert 0.94 < covered[np.isfinite(found["kappa"])].mean() < 0.98


def test_pairs_are_told_apart_and_those_without_a_common_target_left_out():
    table = reviewer_agreement(
        ["Ada", "Ada", "Ben", "Ben", "", "Cy"],
        [0, 1, 0, 1, 1, 2],
        ["wrong", "right", "wrong", "wrong", "right", "unsure"],
    )

    assert table[["first", "second", "both", "agreed"]].values.tolist() == [
        ["Ada", "Ben", 2, 1],
        ["", "Ada", 1, 1],
        ["", "Ben", 1, 0],
    ]


@pytest.mark.parametrize("n", [0, 1])
def test_without_two_reviewers_there_is_no_pair(n):
    assert reviewer_agreement(["Ada"] * n, [7] * n, ["wrong"] * n).empty


def test_what_is_no_review_is_refused():
    with pytest.raises(ValueError, match="must have the same length, got 1, 2 and 1"):
        reviewer_agreement(["Ada"], [1, 2], ["wrong"])
    with pytest.raises(ValueError, match="verdicts"):
        reviewer_agreement(["Ada"], [1], ["bad"])
    with pytest.raises(ValueError, match="each target once per reviewer"):
        reviewer_agreement(["Ada", "Ada"], [1, 1], ["wrong", "right"])
