"""What a downloaded table does to a spreadsheet: nothing."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udviz.export.spreadsheet import safe_csv


def read(table):
    return list(csv.DictReader(io.StringIO(safe_csv(table), newline="")))


@pytest.mark.parametrize(
    "name", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1"]
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(name):
    (row,) = read(pd.DataFrame({"label": [name], "gain": [-0.5]}))

    assert row == {"label": f"'{name}", "gain": "-0.5"}


def test_numbers_truth_values_and_harmless_text_stay_as_they_are():
    table = pd.DataFrame(
        {"gain": [-1.5], "count": [-3], "supported": [False], "label": ["a=b"], "none": [None]}
    )

    (row,) = read(table)

    assert list(row.values()) == ["-1.5", "-3", "False", "a=b", ""]


def test_the_table_itself_is_left_alone():
    table = pd.DataFrame({"label": ["=1+1"]})

    safe_csv(table)

    assert table["label"].tolist() == ["=1+1"]


@settings(deadline=None)
@given(names=st.lists(st.text(), min_size=1))
def test_no_cell_of_any_text_begins_like_a_formula_and_none_is_lost(names):
    rows = read(pd.DataFrame({"label": names, "place": range(len(names))}))

    cells = [row["label"] for row in rows]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert [cell.removeprefix("'") for cell in cells] == [name.removeprefix("'") for name in names]
