"""What `udviz export` writes, prints and refuses; the formats have tests of their own."""

import csv

import pytest

from tests.pages.synthetic import change_tables, names_of, table_of, write_study
from udviz.analysis.schema.tables import BY_NAME
from udviz.commands import export
from udviz.export.csv_tables import LEAN


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path / "demo", names=names_of(3))


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run(study, to, *options):
    export.main([str(study), "--to", to, *options])


@pytest.mark.parametrize(("to", "start"), [("markdown", "## demo, test"), ("latex", "% \\usepack")])
def test_a_card_is_printed_unless_a_place_is_named(study, tmp_path, capsys, to, start):
    run(study, to)
    printed = capsys.readouterr().out
    run(study, to, "--out", str(tmp_path / "card"))

    assert printed.startswith(start)
    assert (tmp_path / "card").read_text() == printed
    assert not (study / "export").exists()


def test_an_export_lies_in_the_study_and_replaces_the_one_before(study, capsys):
    run(study, "html")
    run(study, "csv")
    (study / "export" / "csv" / "old.csv").touch()

    run(study, "csv")

    places = capsys.readouterr().out.split()
    assert places == [str(study / "export" / name) for name in ("report.html", "csv", "csv")]
    assert (study / "export" / "report.html").read_text().startswith("<!doctype html>")
    assert {path.stem for path in (study / "export" / "csv").iterdir()} == set(LEAN)


def test_csv_tables_have_the_lean_columns_and_the_rows_of_the_split(study):
    run(study, "csv", "--split", "val")

    for name, columns in LEAN.items():
        rows = read_csv(study / "export" / "csv" / f"{name}.csv")
        expected = table_of(study, name).query("split == 'val'")
        assert tuple(rows[0]) == columns
        assert len(rows) == len(expected)
    value = table_of(study, "scores").query("split == 'val'")["average_precision"].iloc[0]
    (first, *_) = read_csv(study / "export" / "csv" / "scores.csv")
    assert float(first["average_precision"]) == value


def test_all_columns_are_those_of_the_schema_in_every_table_that_has_rows(study):
    run(study, "csv", "--all_columns")

    written = {path.stem for path in (study / "export" / "csv").iterdir()}
    assert written == {name for name in BY_NAME if len(table_of(study, name))}
    for name in written:
        rows = read_csv(study / "export" / "csv" / f"{name}.csv")
        assert list(rows[0]) == list(table_of(study, name))


def test_a_place_that_is_taken_is_refused_and_stays_as_it_was(study, tmp_path):
    place = tmp_path / "mine.html"
    place.write_text("mine")

    with pytest.raises(ValueError, match=r"`--out` must not exist yet, got .*mine\.html"):
        run(study, "html", "--out", str(place))

    assert place.read_text() == "mine"


def test_an_export_that_fails_leaves_the_one_before_and_no_draft(study, monkeypatch):
    run(study, "html")
    before = (study / "export" / "report.html").read_text()

    def fail(path, *arguments, **named):
        path.touch()
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", fail)
    with pytest.raises(OSError, match="No space"):
        run(study, "html")

    assert [path.name for path in (study / "export").iterdir()] == ["report.html"]
    assert (study / "export" / "report.html").read_text() == before


def test_an_option_that_the_format_does_not_take_is_refused(study):
    with pytest.raises(ValueError, match=r"`--all_columns` must go with --to csv, got --to html"):
        run(study, "html", "--all_columns")


def test_a_model_must_be_named_where_one_is_exported(study):
    with pytest.raises(ValueError, match="`--to onnx` must go with --model NAME"):
        run(study, "onnx")


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="`study` must be the folder of a study"):
        run(tmp_path, "html")


def test_a_split_without_numbers_is_refused(tmp_path):
    study = write_study(tmp_path / "demo", names=["a"])
    tables = {
        name: table_of(study, name).query("split == 'test'")
        for name in ("models", "scores", "comparisons", "labels")
    }
    change_tables(study, **tables)

    with pytest.raises(ValueError, match="`--split` must be one of test, got val"):
        run(study, "markdown", "--split", "val")


def test_a_study_without_an_analysis_is_refused_with_the_command_that_makes_it(study):
    (study / "analysis" / "manifest.json").unlink()

    for to in ("csv", "markdown"):
        with pytest.raises(ValueError, match="must hold an analysis, but has none"):
            run(study, to)
