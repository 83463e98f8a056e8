import numpy as np
import pandas as pd
import pytest

from udviz.data.tables.words import ABSENT, PRESENT, UNKNOWN, Coding, is_word, read_words


def read(*cells, **coding):
    column = pd.Series(cells, dtype=object)
    targets, unreadable = read_words([column], Coding(**coding), len(cells))
    return targets[:, 0].tolist(), unreadable[:, 0].tolist()


@pytest.mark.parametrize("change", [str, str.upper, str.title, lambda word: f" {word} "])
def test_words_are_read_in_any_case_and_with_spaces_around(change):
    assert read(*map(change, PRESENT))[0] == [1] * len(PRESENT)
    assert read(*map(change, ABSENT))[0] == [0] * len(ABSENT)
    assert read(*map(change, UNKNOWN))[0] == [-1] * len(UNKNOWN)


@pytest.mark.parametrize("one", [1, 1.0, True, "1.0", "1,0", "1.000", np.int8(1), np.True_])
def test_a_one_may_be_any_kind_of_number(one):
    assert read(one, 0, 0.0, False, "0,000", None, np.nan, pd.NA)[0] == [
        *(1, 0, 0, 0, 0),
        *(-1, -1, -1),
    ]


@pytest.mark.parametrize("cell", [2, 0.5, "maybe", "10", "--", "1;0", "0x1", "inf", "1e400"])
def test_anything_else_is_not_read_and_unknown(cell):
    assert read(1, 0, cell) == ([1, 0, -1], [False, False, True])
    assert not is_word(cell)


def test_a_lone_minus_is_absent_beside_plus_and_not_read_beside_no():
    assert read("+", "-")[0] == [1, 0]
    assert read("yes", "no", "-") == ([1, 0, -1], [False, False, True])


def test_blanks_and_minus_one_mean_what_a_person_says():
    assert read("1", "", "-1", -1.0)[0] == [1, -1, -1, -1]
    assert read("1", "", "-1", -1.0, blank_means="absent")[0] == [1, 0, -1, -1]
    assert read("1", "", "-1", -1.0, minus_one_means="absent")[0] == [1, -1, 0, 0]
