import pytest

from udviz.data.tables.listed_names import check_listed_names

COMBINED = ("clear primary", "clear water", "primary water", "haze")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("['a'", "'b']", "dog"), r"--data\.separator ','"),
        (("a|b", "b|c", "c"), r"brackets, quotes or separators"),
        (("a, b", "b, c"), r"were not split"),
        (("cat:0.9", "dog:0.4"), r"labels with scores"),
        (COMBINED, r"--data\.separator space"),
        (("001", "010", "100"), r"Give each label a column of its own"),
    ],
)
def test_label_names_that_no_one_would_give_are_refused_with_the_flag(names, message):
    with pytest.raises(ValueError, match=message):
        check_listed_names(names)


@pytest.mark.parametrize(
    "names",
    [
        ("cat", "dog"),
        ("traffic light", "stop sign"),
        ("bag, hand", "cat", "x"),
        ("rock'n'roll", "women's shoe"),
    ],
)
def test_usual_label_names_are_not(names):
    check_listed_names(names)


def test_what_a_separator_that_a_person_named_leaves_whole_is_one_label():
    check_listed_names(COMBINED, separator="|")
    check_listed_names(("Boston, MA", "Paris, FR"), separator="|", divides=True)
    with pytest.raises(ValueError, match="were not split"):  # it stands in no cell: a mistake?
        check_listed_names(("a, b", "b, c"), separator="|")
