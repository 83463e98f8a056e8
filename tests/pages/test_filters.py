import pandas as pd
import pytest

from udviz.ui.labels.filters import (
    filter_labels,
    hardest_first,
    movers,
    order_labels,
    orders_of,
    page_of,
)


@pytest.fixture
def labels():
    return pd.DataFrame(
        {
            "label": ["Straße", "a.b", "cat", "Catfish"],
            "positives": [5, 50, 500, 20],
            "causes": ["rare, small", "", None, "small"],
            "gain": [0.1, -0.2, 0.3, float("nan")],
            "supported": [False, True, True, True],
            "difficulty_rank": [2, 4, 1, 3],
            "average_precision": [0.5, 0.9, 0.4, 0.3],
            "after_value": [0.6, 0.8, 0.2, 0.4],
            "disagreement": [float("nan")] * 4,
        }
    )


def orders(labels):
    return orders_of(labels, reference="teacher", after="kd")


def names(labels):
    return labels["label"].tolist()


def test_no_filter_keeps_every_label(labels):
    kept = filter_labels(labels, name="", causes=[], min_positives=0)

    assert names(kept) == names(labels)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("CAT", ["cat", "Catfish"]), ("a.b", ["a.b"]), ("STRASSE", ["Straße"]), (".", ["a.b"])],
)
def test_a_name_filter_ignores_case_and_takes_every_character_as_it_is(labels, text, expected):
    assert names(filter_labels(labels, name=text, causes=[], min_positives=0)) == expected


def test_a_label_with_any_of_the_causes_is_kept(labels):
    assert names(filter_labels(labels, name="", causes=["rare"], min_positives=0)) == ["Straße"]
    both = filter_labels(labels, name="", causes=["rare", "small"], min_positives=0)
    assert names(both) == ["Straße", "Catfish"]


def test_a_label_with_exactly_the_least_number_of_positives_is_kept(labels):
    assert names(filter_labels(labels, name="", causes=[], min_positives=50)) == ["a.b", "cat"]


def test_filters_hold_together(labels):
    assert names(filter_labels(labels, name="cat", causes=["small"], min_positives=10)) == [
        "Catfish"
    ]


def test_labels_without_the_number_come_last_and_those_with_too_few_positives_after_them(labels):
    ordered = order_labels(labels, orders(labels)["largest gain first"])

    assert names(ordered) == ["cat", "a.b", "Catfish", "Straße"]


def test_without_ranks_the_reference_says_what_is_hardest(labels):
    unranked = labels.assign(difficulty_rank=float("nan"))

    assert names(hardest_first(unranked)) == ["Catfish", "cat", "a.b", "Straße"]


def test_an_order_by_an_unknown_number_is_not_offered(labels):
    assert "most uncertain first" not in orders(labels)
    assert next(iter(orders(labels))) == "hardest first"


def test_movers_are_gains_of_labels_with_enough_positives_then_losses(labels):
    assert names(movers(labels)) == ["cat", "a.b"]


def test_the_second_page_begins_where_the_first_ends(labels):
    assert names(page_of(labels, 2, size=3)) == ["Catfish"]
