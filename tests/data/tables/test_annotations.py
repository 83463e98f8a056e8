import json

import numpy as np
import pandas as pd
import pytest

from udviz.data.problems import ProblemLog
from udviz.data.tables.annotations import TargetSettings, is_long, read_targets, united
from udviz.data.tables.columns import Columns
from udviz.data.tables.words import Coding

LIST = Columns(image="image", split=None, group=None, labels=(), label_list="tags")
LONG = ["a.jpg", "a.jpg", "b.jpg", "c.jpg"]


def columns_of(*labels):
    return Columns(image="image", split=None, group=None, labels=labels, label_list=None)


def read(cells, **settings):
    frame = pd.DataFrame({"tags": pd.Series(cells, dtype=object)})
    log = ProblemLog()
    ids = [f"{row}.jpg" for row in range(len(cells))]
    targets = read_targets(frame, LIST, TargetSettings(**settings), ids, log)
    return targets.values, targets.label_names, log


def read_long(tags, values=None, **coding):
    frame = pd.DataFrame({"image": LONG, "tags": tags})
    columns = LIST
    if values is not None:
        frame["value"] = values
        columns = Columns(
            image="image", split=None, group=None, labels=(), label_list="tags", value="value"
        )
    log = ProblemLog()
    settings = TargetSettings(coding=Coding(**coding))
    first, targets = united(frame, columns, settings, LONG, log)
    return first, targets, log


@pytest.mark.parametrize(
    "cells",
    [
        ["cat;dog", "dog; bird", "[]", ""],
        ["cat|dog", "dog|bird|", "[]", " "],
        ["cat,dog", "dog, bird", "[]", ""],
        ['["cat", "dog"]', '["dog", "bird"]', "[]", ""],
        ["['cat', 'dog']", "['dog', 'bird']", "[]", ""],
        ["('cat', 'dog')", "('dog', 'bird')", "()", ""],
        ["{'cat', 'dog'}", "{'dog', 'bird'}", "[]", ""],
        ["['cat' 'dog']", '["dog" "bird"]', "[]", ""],
        ["[cat, dog]", "[dog, bird]", "[]", ""],
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


@pytest.mark.parametrize("mark", [",", ";"])
def test_a_label_that_the_separator_may_have_cut_in_two_is_refused_unless_it_is_told(mark):
    cells = [f"New York{mark} NY{mark} cat", f"New York{mark} NY", f"cat{mark} New York{mark} NY"]

    with pytest.raises(ValueError, match=f"one label, 'New York{mark} NY'.*separator '{mark}'"):
        read(cells)
    assert read(cells, separator=mark)[1] == ("NY", "New York", "cat")


def test_the_separator_that_was_found_is_said_with_its_flag():
    _, _, log = read(["cat|dog", "dog"])

    assert [(guess.what, guess.flag) for guess in log.guesses] == [
        ("labels of a list are separated by '|'", "--data.separator")
    ]


@pytest.mark.parametrize("cell", ['["cat"', "[__import__('os')]", "[" * 100_000])
def test_a_cell_that_is_no_list_makes_its_row_bad(cell):
    _, _, log = read(["cat", cell])

    assert log.bad_rows == {1}
    assert log.problems()[0].kind == "unreadable label list"


def test_a_blank_list_is_absent_where_a_person_says_so():
    targets, _, _ = read(["cat;dog", ""], coding=Coding(blank_means="absent"))

    np.testing.assert_array_equal(targets, [[1, 1], [0, 0]])


def test_lists_agree_with_scikit_learn(rng):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    words = [f"label {index}" for index in range(9)]
    lists = [list(rng.choice(words, rng.integers(0, 6), replace=False)) for _ in range(50)]

    targets, names, _ = read([json.dumps(row) for row in lists])

    binarizer = preprocessing.MultiLabelBinarizer()
    np.testing.assert_array_equal(targets, binarizer.fit_transform(lists))
    assert names == tuple(binarizer.classes_)


@pytest.mark.parametrize("bad", [2, "maybe", 0.5, "['cat']"])
def test_any_other_value_makes_its_row_bad_and_names_its_column_and_what_is_read(bad):
    frame = pd.DataFrame({"cat": pd.Series([1, bad], dtype=object), "dog": [0, 1]})
    log = ProblemLog()

    read_targets(frame, columns_of("cat", "dog"), TargetSettings(), ["a.jpg", "b.jpg"], log)

    assert log.bad_rows == {1}
    (example,) = log.problems()[0].examples
    assert example.startswith(("b.jpg: cat = ", '"b.jpg: cat = '))
    assert "yes" in example


def test_a_table_is_long_if_images_repeat_and_no_cell_lists_several():
    def long(tags, images=LONG, **settings):
        frame = pd.DataFrame({"image": images, "tags": tags})
        return is_long(frame, LIST, TargetSettings(**settings))

    assert long(["cat", "dog", "cat", "owl"])
    assert not long(["cat|dog", "dog", "cat", "owl"])
    assert not long(["cat", "dog", "cat", "owl"], images=list("abcd"))
    assert not long(["cat", "dog", "cat", "owl"], rows="image")
    assert long(["cat|dog", "dog", "cat", "owl"], rows="label")


def test_rows_of_one_image_are_united_and_a_label_without_a_row_is_absent():
    first, targets, log = read_long(["dog", "cat", "dog", "owl"])

    assert first == [0, 2, 3]
    assert targets.label_names == ("cat", "dog", "owl")
    np.testing.assert_array_equal(targets.values, [[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    assert log.guesses[0].flag == "--data.rows"


def test_rows_with_a_value_say_absent_too_and_the_others_are_unknown():
    _, targets, _ = read_long(["dog", "cat", "dog", "cat"], ["1", "0", "0", "1"])

    np.testing.assert_array_equal(targets.values, [[0, 1], [-1, 0], [1, -1]])


def test_rows_that_contradict_each_other_make_their_image_bad():
    _, _, log = read_long(["dog", "dog", "dog", "cat"], ["1", "0", "0", "1"])

    assert log.bad_rows == {0}
    assert (log.problems()[0].kind, log.problems()[0].examples) == (
        "contradicting rows",
        ("a.jpg: dog",),
    )
