import pandas as pd
import pytest

from udviz.data.problems import ProblemLog
from udviz.data.tables.columns import ColumnSettings, find_columns

FILES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


@pytest.fixture
def images(tmp_path):
    for name in FILES:
        (tmp_path / name).touch()
    return tmp_path


def find(images, columns, **settings):
    log = ProblemLog()
    found = find_columns(pd.DataFrame(columns), ColumnSettings(**settings), images, log)
    return found, {guess.flag for guess in log.guesses}


def test_the_usual_table_needs_no_guess(images):
    found, guesses = find(images, {"image": FILES, "cat": list("1010"), "split": ["train"] * 4})

    assert (found.image, found.split, found.labels) == ("image", "split", ("cat",))
    assert not guesses


@pytest.mark.parametrize("name", ["Filename", "img_path", "Bild", "photo"])
def test_the_column_whose_values_are_files_is_the_image_column_wherever_it_is(images, name):
    found, guesses = find(images, {"cat": list("1010"), name: FILES})

    assert (found.image, found.labels) == (name, ("cat",))
    assert "--data.image_column" in guesses


def test_row_numbers_are_no_label_and_said(images):
    found, guesses = find(images, {"no": list("0123"), "image": FILES, "cat": list("1010")})

    assert found.labels == ("cat",)
    assert "--data.label_columns" in guesses


@pytest.mark.parametrize("column", ["fold", "id", "index"])
def test_a_column_with_the_name_of_no_label_is_refused_with_the_flag(images, column):
    with pytest.raises(ValueError, match=rf"{column} .*--data\.ignore_columns '{column}'"):
        find(images, {"image": FILES, column: list("1001"), "cat": list("1010")})


def test_a_column_of_other_values_is_named_with_some_of_them_and_how_to_leave_it_out(images):
    with pytest.raises(ValueError, match=r"got width \('640'\).*--data\.ignore_columns 'width'"):
        find(images, {"image": FILES, "width": ["640"] * 4, "cat": list("1010")})


def test_columns_that_are_named_are_believed(images):
    columns = {"image": FILES, "width": ["640"] * 4, "dog": list("0011"), "cat": list("1010")}

    assert find(images, columns, ignore_columns=("width",))[0].labels == ("dog", "cat")
    assert find(images, columns, label_columns=("cat",))[0].labels == ("cat",)
    assert find(images, columns, label_column="width")[0].label_list == "width"
    for flag in ("image_column", "split_column", "group_column", "label_column"):
        with pytest.raises(ValueError, match=rf"--data\.{flag}: must name columns"):
            find(images, columns, **{flag: "wolf"})


def test_a_column_of_lists_is_found_beside_others_that_are_not_read(images):
    columns = {"image": FILES, "Finding Labels": ["a|b", "a", "b", ""], "age": list("4567")}

    found, guesses = find(images, columns)

    assert (found.label_list, found.labels) == ("Finding Labels", ())
    assert {"--data.label_column", "--data.label_columns"} <= guesses


def test_a_value_beside_a_label_is_told_apart(images):
    found, _ = find(images, {"image": FILES, "label": list("abab"), "Confidence": list("1010")})

    assert (found.label_list, found.value) == ("label", "Confidence")
