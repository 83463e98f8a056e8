"""A table is corrected in the reviewed cells and nowhere else, or refused and left alone."""

import csv
import hashlib
import io

import pytest

from udviz.commands import export
from udviz.data.tables.words import Coding
from udviz.export.corrected import _rows, write_corrected
from udviz.studies.reviews import Review, ReviewedTarget, add_review

ODD = (
    'note;Image;"cat";dog ;split\r\n'
    '"a;""b""\r\nc";x/1.png;"yes";no ;train\r\n'
    "\r\n"
    ";x/2.png;no; Yes;test\r\n"
    "é;x/3.png;no;?;test"
)


def target(image, label, value, split="test"):
    return ReviewedTarget(split, image, label, value)


def corrected(tmp_path, content, *wrong, name="labels.csv", **coding):
    table = tmp_path / name
    table.write_bytes(content)
    said = write_corrected(table, tmp_path / "out", wrong, coding=Coding(**coding))
    return (tmp_path / "out" / name).read_bytes(), said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_only_the_reviewed_cells_change_byte_for_byte(tmp_path, encoding):
    before = ODD.encode(encoding)

    after, said = corrected(
        tmp_path, before, target("x/1.png", "cat", 1), target("x/2.png", "dog", 1)
    )

    assert after == before.replace(b'"yes"', b'"no"').replace(b"; Yes;", b"; no;")
    assert said == "2 targets changed"


def test_a_column_without_the_other_word_gets_that_of_the_table(tmp_path):
    before = b"image,a,b\n1.png,no,yes\n2.png,no,no\n"

    after, _ = corrected(tmp_path, before, target("2.png", "a", 0))

    assert after == b"image,a,b\n1.png,no,yes\n2.png,yes,no\n"


def test_a_blank_that_means_absent_becomes_present(tmp_path):
    before = b"sep=,\nimage,a\n1.png,\n2.png,1\n"

    after, _ = corrected(tmp_path, before, target("1.png", "a", 0), blank_means="absent")

    assert after == b"sep=,\nimage,a\n1.png,1\n2.png,1\n"


def test_without_reviews_the_table_stays_as_it_is(tmp_path):
    after, said = corrected(tmp_path, ODD.encode())

    assert (after, said) == (ODD.encode(), "0 targets changed")


@pytest.mark.parametrize(
    "text", [ODD, "a;b\n1;2", '"q"r;b\n ; \n;\n', "\n\na\n", 'x;"1;2"\r"";\r', ""]
)
def test_cells_are_those_that_csv_reads(text):
    expected = [
        [cell.strip() for cell in row]
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=";")
        if row
    ]

    assert [[cell.text for cell in row] for row in _rows(text, ";")] == expected


@pytest.mark.parametrize(
    ("content", "of", "told"),
    [
        (b"image,a\n1.png,0\n", target("1.png", "a", 1), "must say 1 of a in 1.png, .* got '0'"),
        (b"image,a\n1.png,?\n", target("1.png", "a", 0), "must say 0 of a"),
        (b"image,a\n1.png,0\n1.png,1\n", target("1.png", "a", 1), "must say 1 of a"),
        (b"image,a\n1.png,0\n", target("2.png", "a", 0), "must name every reviewed image"),
        (b"image,labels\n1.png,a|b\n", target("1.png", "a", 1), "must have a column per label"),
    ],
)
def test_a_table_that_says_something_else_is_refused(tmp_path, content, of, told):
    with pytest.raises(ValueError, match=told):
        corrected(tmp_path, content, of)

    assert not (tmp_path / "out").exists()


def test_another_kind_of_table_is_refused_with_what_to_do_instead(tmp_path):
    with pytest.raises(ValueError, match=r"Only a CSV .* got labels.parquet. Use --to huggingf"):
        corrected(tmp_path, b"PAR1", name="labels.parquet")


def study_of(tmp_path, recipe, *reviews):
    study = tmp_path / "study"
    study.mkdir()
    (study / "study.toml").write_text(recipe)
    for of, verdict in reviews:
        add_review(study, Review(of=of, direction="missing", verdict=verdict, reviewer="Ada"))
    return study


def test_reviews_that_say_wrong_are_applied_and_no_others(tmp_path, capsys):
    table = tmp_path / "labels.csv"
    table.write_text("image,a,b,c\n1.png,0,0,0\n2.png,1,1,1\n")
    study = study_of(
        tmp_path,
        f'[data]\nkind = "table"\nroot = "{tmp_path}"\n',
        (target("1.png", "a", 0), "wrong"),
        (target("2.png", "b", 1, split="train"), "wrong"),
        (target("1.png", "b", 0), "right"),
        (target("1.png", "c", 0), "unsure"),
        (target("2.png", "c", 1), "wrong"),
        (target("2.png", "c", 1), None),
    )

    export.main([str(study), "--to", "labels"])

    written = study / "export" / "labels" / "labels.csv"
    assert written.read_text() == "image,a,b,c\n1.png,1,0,0\n2.png,1,0,1\n"
    assert capsys.readouterr().out == f"{written.parent} (2 targets changed)\n"


def test_a_target_on_which_reviewers_differ_stays_as_it_is_and_is_told(tmp_path, capsys):
    table = tmp_path / "labels.csv"
    table.write_text("image,a,b,c\n1.png,0,0,0\n2.png,1,1,1\n")
    both, differ, doubted = (target("1.png", label, 0) for label in "abc")
    study = study_of(
        tmp_path,
        f'[data]\nkind = "table"\nroot = "{tmp_path}"\n',
        *((of, "wrong") for of in (both, differ, doubted)),
    )
    for of, verdict in {both: "wrong", differ: "right", doubted: "unsure"}.items():
        add_review(study, Review(of=of, direction="missing", verdict=verdict, reviewer="Ben"))

    export.main([str(study), "--to", "labels"])

    written = study / "export" / "labels" / "labels.csv"
    assert written.read_text() == "image,a,b,c\n1.png,1,0,0\n2.png,1,1,1\n"
    assert "(1 target changed; 2 targets left: reviewers differ)" in capsys.readouterr().out


def test_brought_targets_are_those_of_the_split_and_must_be_the_file_of_then(tmp_path):
    table = tmp_path / "targets.csv"
    table.write_text("image,a\n1,0\n")
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    source = f'{{file = "{table}", sha256 = "{digest}"}}'
    study = study_of(
        tmp_path,
        f'name = "x"\ntargets = {source}\n[brought.m]\nscale = "logits"\ntest = [{source}]\n',
        (target("1", "a", 0), "wrong"),
        (target("1", "a", 0, split="val"), "wrong"),
    )

    export.main([str(study), "--to", "labels"])
    assert (study / "export" / "labels" / "targets.csv").read_text() == "image,a\n1,1\n"
    with pytest.raises(ValueError, match="got val, which was not brought"):
        export.main([str(study), "--to", "labels", "--split", "val"])
    table.write_text("image,a\n1,0\n2,0\n")
    with pytest.raises(ValueError, match="must be the file that was brought"):
        export.main([str(study), "--to", "labels"])


def test_images_without_a_table_are_refused(tmp_path):
    study = study_of(tmp_path, '[data]\nkind = "scenes"\n')

    with pytest.raises(ValueError, match=r"must come from a table .* got --data\.kind scenes"):
        export.main([str(study), "--to", "labels"])
