import json

import numpy as np
import pandas as pd
import pytest

from udviz.data.problems import ProblemLog
from udviz.data.readers.annotations import LabelSettings, read_targets


def read(cells, **settings):
    frame = pd.DataFrame({"tags": pd.Series(cells, dtype=object)})
    log = ProblemLog()
    ids = [f"{row}.jpg" for row in range(len(cells))]
    targets, names = read_targets(frame, LabelSettings(label_column="tags", **settings), ids, log)
    return targets, names, log


@pytest.mark.parametrize(
    "cells",
    [
        ["cat;dog", "dog; bird", "[]", ""],
        ["cat|dog", "dog|bird|", "[]", " "],
        ["cat,dog", "dog, bird", "[]", ""],
        ['["cat", "dog"]', '["dog", "bird"]', "[]", ""],
        ["['cat', 'dog']", "['dog', 'bird']", "[]", ""],
        [["cat", "dog"], ("dog", "bird"), [], None],
        [np.array(["cat", "dog"]), np.array(["bird", "dog", "dog"]), np.array([]), np.nan],
    ],
)
def test_a_list_may_be_written_in_many_ways(cells):
    targets, names, log = read(cells)

    assert names == ("bird", "cat", "dog")
    np.testing.assert_array_equal(targets, [[0, 1, 1], [1, 0, 1], [0, 0, 0], [-1, -1, -1]])
    assert log.problems() == ()


def test_the_separator_is_the_first_of_three_that_is_met_or_the_one_that_is_set():
    assert read(["long, red; round", "flat"])[1] == ("flat", "long, red", "round")
    assert read(["long, red; round", "flat"], separator=",")[1] == ("flat", "long", "red; round")


def test_a_label_outside_the_chosen_ones_is_reported_and_left_out():
    targets, names, log = read(["cat;zebra", "dog"], label_names=("dog", "cat"))

    assert names == ("dog", "cat")
    np.testing.assert_array_equal(targets, [[0, 1], [1, 0]])
    (problem,) = log.problems()
    assert (problem.kind, problem.examples, problem.fatal) == (
        "unknown label",
        ("0.jpg: zebra",),
        False,
    )


@pytest.mark.parametrize("cell", ["[cat", '["cat"', "[__import__('os')]", 3, "[" * 100_000])
def test_a_cell_that_is_no_list_makes_its_row_bad(cell):
    _, _, log = read(["cat", cell])

    assert log.bad_rows == {1}
    assert log.problems()[0].kind == "unreadable label list"


def test_a_single_column_that_is_not_zero_or_one_is_taken_for_lists():
    frame = pd.DataFrame({"tags": ["cat;dog", ""]})
    assert read_targets(frame, LabelSettings(), ["a", "b"], ProblemLog())[1] == ("cat", "dog")

    frame = pd.DataFrame({"cat": ["1", ""]})
    assert read_targets(frame, LabelSettings(), ["a", "b"], ProblemLog())[1] == ("cat",)


def test_lists_agree_with_scikit_learn(rng):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    words = [f"label {index}" for index in range(9)]
    lists = [list(rng.choice(words, rng.integers(0, 6), replace=False)) for _ in range(50)]

    targets, names, _ = read([json.dumps(row) for row in lists])

    binarizer = preprocessing.MultiLabelBinarizer()
    np.testing.assert_array_equal(targets, binarizer.fit_transform(lists))
    assert names == tuple(binarizer.classes_)


def test_columns_may_hold_any_spelling_of_the_three_values():
    frame = pd.DataFrame(
        {
            "text": ["1", "0", "", "-1", "TRUE", "false", "1.0"],
            "number": [1.0, 0.0, np.nan, -1.0, 1.0, 0.0, 1.0],
            "whole": pd.array([1, 0, None, -1, 1, 0, 1], dtype="Int8"),
            "anything": pd.Series([True, 0, None, -1, "true", "False", 1], dtype=object),
        }
    )

    targets, _ = read_targets(frame, LabelSettings(), list("abcdefg"), ProblemLog())

    for column in range(4):
        np.testing.assert_array_equal(targets[:, column], [1, 0, -1, -1, 1, 0, 1])


@pytest.mark.parametrize("bad", [2, "yes", 0.5, ["cat"], {"bbox": [1, 2]}])
def test_any_other_value_makes_its_row_bad_and_names_its_column(bad):
    frame = pd.DataFrame({"cat": pd.Series([1, bad], dtype=object), "dog": [0, 1]})
    log = ProblemLog()

    read_targets(frame, LabelSettings(), ["a.jpg", "b.jpg"], log)

    assert log.bad_rows == {1}
    assert log.problems()[0].examples[0].startswith("b.jpg, column cat: ")
