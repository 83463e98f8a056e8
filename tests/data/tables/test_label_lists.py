import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udviz.data.tables.label_lists import (
    ListError,
    find_separator,
    made_of_words,
    parse_list,
    side_by_side,
)

WORDS = st.lists(
    st.text("abcdefg -_'é猫", min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda word: word and word[0] not in "'" and word[-1] not in "'"),
    min_size=1,
    max_size=5,
    unique=True,
)
SPELLINGS = {
    "python": repr,
    "tuple": lambda words: repr(tuple(words)),
    "json": json.dumps,
    "bars": "|".join,
    "semicolons": "; ".join,
    "commas": ", ".join,
}


@settings(deadline=None)
@given(words=WORDS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_list_comes_back_as_it_was_written(spelling, words):
    separator = {"bars": "|", "semicolons": ";", "commas": ","}.get(spelling, "")

    assert parse_list(SPELLINGS[spelling](words), separator) == words


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("['a' 'b c']", ["a", "b c"]),
        ("[a, b]", ["a", "b"]),
        ("'a'|'b'", ["a", "b"]),
        ("(other) cat", ["(other) cat"]),
        ("a||a|", ["a"]),
        ("[]", []),
        ('{"bbox": [[1, 2, 3, 4]], "categories": ["a"]}', ["a"]),
        ("[1, 2]", ["1", "2"]),
        ("{'a': 1, 'b': 0}", ["a"]),
        ("{a,b}", ["a", "b"]),
        ("set()", []),
        ("cafe\u0301", ["caf\u00e9"]),
        ("  ", None),
        (None, None),
    ],
)
def test_spellings_with_one_meaning(cell, labels):
    assert parse_list(cell, "|") == labels


@pytest.mark.parametrize("cell", ["{'a': 2}", "[1.5]", "[True]", "[['a']]", "[{}]", 3, "['a'"])
def test_what_lists_no_words_is_no_list(cell):
    with pytest.raises(ListError):
        parse_list(cell, "|")


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["a|b", "c,d"], "|"),
        (["a;b", "c,d"], ";"),
        (["a,b"], ","),
        (["a", "b"], ""),
        (["['a,b']"], ""),
        (["clear primary", "clear", "primary water", "water", "primary"], "space"),
        (["traffic light", "stop sign", "car"], ""),
    ],
)
def test_the_separator_is_found(cells, separator):
    assert find_separator(cells) == separator


@pytest.mark.parametrize(
    ("lists", "found"),
    [
        ([["cat", "New York", "NY"], ["New York", "NY"], ["New York", "NY", "dog"], ["cat"]], True),
        ([["New York", "NY"], ["New York", "NY"], None, []], False),  # twice may be by chance
        ([["New York", "NY"], ["NY", "New York"], ["New York", "NY"]], False),
        ([["New York", "NY"], ["New York", "NY"], ["New York", "NY"], ["NY"]], False),
        ([["New York", "NY"], ["New York", "NY"], ["New York", "NY"], ["New York"]], False),
        ([["New York", "cat", "NY"], ["New York", "NY"], ["New York", "NY"]], False),
    ],
)
def test_labels_that_always_stand_side_by_side_are_found(lists, found):
    assert side_by_side(lists) == (("New York", "NY") if found else None)


def test_labels_made_of_words_of_others_are_told():
    assert made_of_words(["clear primary", "clear", "primary"]) == ["clear primary"]
    assert made_of_words(["traffic light", "stop sign", "light"]) == []
