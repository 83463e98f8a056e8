"""Names from somebody else's files in what leaves the program: CSV, HTML, TensorBoard, terminal."""

import csv
import html.parser
import io
import json
import shutil
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from tests.pages.synthetic import write_study
from tests.security.attacks import FEW, watched
from tests.security.datasets import write_dataset
from udviz.analysis.summary import summary
from udviz.export.report import study_report
from udviz.export.spreadsheet import safe_csv
from udviz.export.tensorboard import write_runs
from udviz.figures.style.text import safe_html, safe_markdown, shorten
from udviz.studies.failure import reason
from udviz.ui.frame.view import view_of
from udviz.ui.load.analysis_rows import load_study
from udviz.ui.load.images import ImageSource, dataset_of
from udviz.ui.load.study import StudyError

ROOT = Path(__file__).parents[2]
FORMULAS = [
    *("=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\r\n=1"),
    *("＝1+1", "＋1", "－1", "＠SUM(A1)", '=HYPERLINK("http://127.0.0.1","x")', "=DDE(1,2,3)"),
]
SCRIPTS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</pre><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "<svg/onload=alert(1)>",
    "<!--",
    "]]>",
    "javascript:alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "%{customdata[0]}<a href='javascript:alert(1)'>x</a>",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "\u202e<b>\u2066x",
]
MARKDOWN = [
    "![x](http://127.0.0.1:9/pixel.png)",
    "[x](javascript:alert(1))",
    "<http://127.0.0.1:9>",
    "https://127.0.0.1:9",
    "$\\href{javascript:alert(1)}{x}$",
    ":material/delete: :red[x]",
    "`x` ```",
    "\n# heading\n\n- item",
]
COLOURED = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202edog"


class Tags(html.parser.HTMLParser):
    """The tags of a page with their attributes, outside of its own scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def cells(table: pd.DataFrame) -> list[list[str]]:
    return list(csv.reader(io.StringIO(safe_csv(table), newline="")))


@pytest.mark.parametrize("name", FORMULAS)
def test_neither_a_cell_nor_a_heading_of_a_csv_is_a_formula(name):
    table = pd.DataFrame({name: [name], "gain": [-0.5]})

    heading, row = cells(table)

    assert heading == [f"'{name}", "gain"]
    assert row == [f"'{name}", "-0.5"]


@FEW
@given(names=st.lists(st.text() | st.sampled_from(FORMULAS), min_size=1, unique=True))
def test_no_names_make_a_formula_or_a_further_cell(names):
    table = pd.DataFrame({"label": pd.Series(names, dtype="category"), "gain": -0.5})

    rows = cells(table)

    assert [len(row) for row in rows] == [2] * (len(names) + 1)
    assert not any(row[0][:1] in set("=+-@\t\r\n＝＋－＠") for row in rows if row[0])


def test_streamlit_s_own_download_which_writes_formulas_is_switched_off():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())

    assert settings["client"]["disableDataExport"] is True


@pytest.fixture(scope="module")
def plain_report(tmp_path_factory):
    """A report with harmless names, which tells what tags are the program's own."""
    return report_of(tmp_path_factory.mktemp("runs") / "study", ["cat"] * 2)


def report_of(path, names):
    if path.exists():
        shutil.rmtree(path)
    different = [f"{name}{place or ''}" for place, name in enumerate(names)]
    write_study(path, names=different)
    return study_report(view_of(load_study(path), "test"))


@pytest.mark.parametrize("name", [*SCRIPTS, *MARKDOWN])
def test_a_label_adds_no_tag_to_a_report(tmp_path, plain_report, name):
    report = report_of(tmp_path / "study", [name, name])

    tags = [tag for tag, _ in Tags(report).found]
    assert tags == [tag for tag, _ in Tags(plain_report).found]
    attributes = {key for _, keys in Tags(report).found for key in keys}
    assert attributes == {key for _, keys in Tags(plain_report).found for key in keys}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_recipe_adds_no_tag_to_a_report(tmp_path, name):
    write_study(tmp_path / "study", names=["cat"])
    before = study_report(view_of(load_study(tmp_path / "study"), "test"))
    recipe = tmp_path / "study" / "study.toml"
    quoted = json.dumps(name)
    text = recipe.read_text().replace('"Made-up numbers for tests"', quoted)
    recipe.write_text(f"# {name}\n".replace("\0", "") + text.replace('"small"', quoted))

    report = study_report(view_of(load_study(tmp_path / "study"), "test"))

    assert [tag for tag, _ in Tags(report).found] == [tag for tag, _ in Tags(before).found]


@pytest.mark.parametrize(
    "record",
    ["libraries = 7", "[[libraries]]", "x = " + "[" * 100_000, "\0", 'libraries = "<b>"'],
    ids=lambda text: text[:12],
)
def test_a_run_s_record_of_any_kind_is_told_of_in_a_report(tmp_path, record):
    study = write_study(tmp_path / "study", names=["cat"])
    (study / "<b>run").mkdir()
    (study / "<b>run" / "status.json").write_text("{}")
    (study / "<b>run" / "run.toml").write_text(record)

    report = watched(lambda: study_report(view_of(load_study(study), "test")))

    assert "run.toml cannot be read" in report
    assert "<b>" not in report


@pytest.mark.parametrize("name", SCRIPTS)
def test_html_of_a_name_is_its_text_alone(name):
    class Words(html.parser.HTMLParser):
        words = ""

        def handle_data(self, data: str) -> None:
            self.words += data

    page = Words()
    page.feed(f"<p>{safe_html(name)}</p>")

    assert [tag for tag, _ in Tags(safe_html(name)).found] == []
    assert " ".join(name.split()) in page.words


@pytest.mark.parametrize("name", [*SCRIPTS, *MARKDOWN])
def test_markdown_of_a_name_is_its_text_alone(name):
    from markdown_it import MarkdownIt

    drawn = MarkdownIt("commonmark", {"html": True}).render(safe_markdown(name))

    assert {tag for tag, _ in Tags(drawn).found} <= {"p"}


@FEW
@given(name=st.text())
def test_no_name_makes_a_tag(name):
    assert Tags(safe_html(name)).found == []
    assert len(shorten(name)) <= 28
    assert "\n" not in safe_markdown(name)


@pytest.mark.parametrize("name", MARKDOWN[:4])
def test_a_name_in_a_message_on_a_page_is_its_text_alone(tmp_path, name):
    from markdown_it import MarkdownIt

    config = write_dataset(tmp_path / "data", "jsonl", names=(name, "b", "c"))
    (tmp_path / "study").mkdir()
    recipe = tomli_w.dumps({"data": config.model_dump(mode="json")})
    (tmp_path / "study" / "study.toml").write_text(recipe)
    source = ImageSource(study=str(tmp_path / "study"), fingerprint="x", side_px=32)

    with pytest.raises(StudyError, match="The data set cannot be read") as caught:
        watched(lambda: dataset_of(source))

    drawn = MarkdownIt("commonmark", {"html": True}).render(str(caught.value))
    assert {tag for tag, _ in Tags(drawn).found} <= {"p"}


def test_names_do_not_steer_the_terminal_that_sums_a_study_up(tmp_path):
    study = write_study(tmp_path / "study", names=[COLOURED, "x" * 100_000, "cat"])

    printed = summary(study)

    assert all(line.isprintable() for line in printed.split("\n"))
    assert len(printed) < 10_000


def test_a_message_does_not_steer_the_terminal_that_prints_it():
    told = reason(ValueError(f"cannot use {COLOURED}\n{'x' * 100_000}" + "\ny" * 10_000))

    assert all(line.isprintable() for line in told.split("\n"))
    assert len(told) < 3_000


def test_runs_and_losses_of_any_name_stay_in_the_folder_of_the_export(tmp_path):
    study = tmp_path / "study"
    for name in ("<script>", "..x", "a b", "$(id)"):
        (study / name).mkdir(parents=True)
        (study / name / "status.json").write_text("{}")
        losses = {"../../x": 1.0, "/etc/x": 2.0, "<script>": 3.0, "\0": 4.0}
        event = {"event": "step", "epoch": 0, "step": 1, "losses": losses}
        (study / name / "events.jsonl").write_text(json.dumps(event))

    watched(lambda: write_runs(study, study / "tensorboard"))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["study"]
    assert all(path.is_relative_to(study / "tensorboard") for path in study.rglob("*tfevents*"))
    assert len(list((study / "tensorboard").iterdir())) == 4
