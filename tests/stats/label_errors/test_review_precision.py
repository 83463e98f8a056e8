import numpy as np
import pytest
from scipy.stats import binomtest

from udviz.stats.label_errors.review_precision import review_precision


def test_a_case_worked_by_hand():
    labels = ["cat", "dog", "cat", "cat", "cat", "dog"]
    verdicts = ["wrong", None, "right", "unsure", "wrong", float("nan")]

    table = review_precision(labels, verdicts)

    cat, dog = table.to_dict("records")
    assert {name: cat[name] for name in ("label", "suspects", "reviewed")} == {
        **{"label": "cat", "suspects": 4, "reviewed": 4}
    }
    assert [cat[name] for name in ("wrong", "right", "unsure")] == [2, 1, 1]
    assert cat["precision"] == pytest.approx(2 / 3)
    assert [dog[name] for name in ("label", "suspects", "reviewed", "wrong")] == ["dog", 2, 0, 0]
    assert np.isnan([dog["precision"], dog["low"], dog["high"]]).all()


def test_the_interval_is_scipys_wilson_interval_of_the_decided():
    verdicts = ["wrong"] * 7 + ["right"] * 4 + ["unsure"] * 5

    row = review_precision(["cat"] * 16, verdicts, confidence=0.9).iloc[0]

    expected = binomtest(7, 11).proportion_ci(0.9, method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))


def test_the_order_of_the_suspects_changes_no_number(rng):
    labels = rng.choice(["a", "b", "c"], 60)
    verdicts = rng.choice(np.array(["wrong", "right", "unsure", None], dtype=object), 60)
    order = rng.permutation(60)

    plain = review_precision(labels, verdicts).set_index("label")
    turned = review_precision(labels[order], verdicts[order]).set_index("label")

    assert plain.to_dict("index") == turned.loc[plain.index].to_dict("index")


def test_a_label_that_only_unsure_ones_were_found_of_has_no_precision():
    row = review_precision(["cat"], ["unsure"]).iloc[0]

    assert row["reviewed"] == 1
    assert np.isnan(row["precision"])


def test_no_suspects_give_an_empty_table():
    assert review_precision([], []).empty


def test_an_unknown_verdict_is_refused():
    with pytest.raises(ValueError, match="`verdicts` must be one of wrong, right, unsure"):
        review_precision(["cat"], ["perhaps"])


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="must have the same length, got 2 and 1"):
        review_precision(["cat", "dog"], ["wrong"])
