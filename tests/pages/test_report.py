import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.pages.synthetic import EIGHT, HOSTILE_NAMES, names_of, write_study
from udviz.export.report import as_html, study_report, without_folders
from udviz.figures.style.text import number
from udviz.ui.frame.take_away import OFFERS
from udviz.ui.frame.view import view_of
from udviz.ui.load.study import read_study


@pytest.fixture
def view(runs):
    study = write_study(runs / "demo", names=names_of(5))
    return view_of(read_study(study), "test")


def test_the_report_holds_the_numbers_of_the_analysis(view):
    report = study_report(view)

    for score in view.models["mean_ap"]:
        assert number(score) in report
    for label in view.labels["label"]:
        assert f"<td>{label}</td>" in report
    assert number(view.comparison.mean["gain"], sign=True) in report


def test_the_report_names_its_runs_versions_and_recipe(trained):
    report = study_report(view_of(read_study(trained), "test"))

    for run in ("teacher", "baseline-0", "distilled-0"):
        assert f"<td>{run}</td>" in report
    assert f"pandas {pd.__version__}" in report
    assert "n_train = 96" in report


def test_the_report_loads_nothing_from_elsewhere(view):
    report = study_report(view)

    assert not re.search(r"<(script|img|link|iframe)[^>]+(src|href)=", report)
    assert report.count("<figure role=") == 3
    assert report.count("plotly.js v") == 1  # its code is inside, once


def test_names_in_a_report_are_text(runs):
    study = read_study(write_study(runs / "odd", names=list(HOSTILE_NAMES)))

    report = study_report(view_of(study, "test"))

    assert "<script>alert" not in report
    assert "<b>bold</b>" not in report
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;script&gt;" in report


def test_a_study_without_gains_has_a_report(runs):
    study = write_study(runs / "plain", names=["a", "b"], comparisons=())

    report = study_report(view_of(read_study(study), "test"))

    assert report.count("<figure role=") == 2


def test_a_report_of_eight_models_names_them_all(runs):
    study = write_study(runs / "wide", names=["a", "b"], models=EIGHT)

    report = study_report(view_of(read_study(study), "test"))

    for name in EIGHT:
        assert f"AP {name}</th>" in report


def test_the_report_is_written_without_streamlit():
    code = "import sys, udviz.export.report; sys.exit('streamlit' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_whose_record_is_torn_is_named_and_the_rest_is_told(trained, runs):
    study = shutil.copytree(trained, runs / "torn")
    (study / "teacher" / "run.toml").write_text('role = "tea', encoding="utf-8")

    report = study_report(view_of(read_study(study), "test"))

    assert "run.toml cannot be read" in report
    assert "<td>baseline-0</td>" in report


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer[1])
def test_everything_that_can_be_taken_away_holds_the_models(view, offer):
    *_, write = offer

    text = write(view)

    assert all(name in text for name in view.names)


def test_the_overview_offers_what_can_be_taken_away_without_a_command(study, open_app):
    buttons = [button.label for button in open_app().get("download_button")]

    assert buttons == [
        "Report (HTML)",
        "Card for papers (Markdown)",
        "Card for papers (LaTeX)",
        "Labels (CSV)",
    ]


def test_a_number_that_is_not_known_is_a_dash_and_a_whole_one_has_no_digits():
    table = pd.DataFrame({"Rank": [3.0, np.nan], "AP": [0.5, np.nan], "Label": ["cat", None]})

    cells = re.findall("<td>(.*?)</td>", as_html(table))

    assert cells == ["3", "0.500", "cat", "–", "–", "–"]


def test_a_report_names_no_folder_of_the_machine():
    recipe = """root = "/srv/people/ann/photos"\nweights = 'C:\\models\\net.pt'\nkind = "voc"\n"""

    told = without_folders(recipe)

    assert told == """root = "…/photos"\nweights = '…/net.pt'\nkind = "voc"\n"""


def test_a_title_counts_the_hardest_only_where_some_are_left_out(view):
    told = study_report(view)

    assert f"hardest of {len(view.labels)} labels" not in told
    assert "All labels, hardest first" in told
