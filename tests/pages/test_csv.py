"""What a downloaded table does to a spreadsheet: nothing."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udviz.export.spreadsheet import safe_csv
from udviz.export.typeset import latex_table, markdown_table
from udviz.ui.labels.copying import typeset_cells


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


def test_a_table_is_copied_with_the_digits_that_are_shown():
    table = pd.DataFrame({"Label": ["a_b"], "AP": [0.12345], "Rank": [3], "Gap": [float("nan")]})
    table["Share"] = 0.182543

    formats = {"AP": "%.2f", "Share": "percent"}
    told = typeset_cells(table, formats, ["Label", "AP", "Rank", "Gap", "Share"])

    assert markdown_table(told).splitlines()[-1] == r"| a\_b | 0.12 | 3 | – | 18.25 % |"
    assert r"a\_b & 0.12 & 3 & -- & 18.25 \% \\" in latex_table(told)


def test_the_table_of_models_is_copied_as_markdown_and_latex(study, open_app, monkeypatch):
    app = open_app(study="demo")
    assert not any("toprule" in block.value for block in app.code)

    app.session_state["copy-model-table"] = True  # the popover is open
    app.run()
    assert "| teacher | 0." in app.code[0].value
    app.segmented_control(key="copy-model-table-as").set_value("LaTeX").run()

    assert r"\toprule" in app.code[0].value


def test_downloads_are_lean_and_all_columns_are_a_second_button(study, open_app):
    app = open_app("pages/1_Difficulty.py", study="demo")

    asked = [button.label for button in app.get("download_button")]

    assert asked[-2:] == ["Download these labels (CSV)", "All columns (CSV)"]
