import shutil

import pytest

from tests.studies.programs import wait_for_end
from udviz.studies.directory import STUDY_FILE
from udviz.studies.log import LOG_FILE
from udviz.studies.status import read_status

pytestmark = [pytest.mark.package, pytest.mark.timeout(900)]


def test_a_study_is_trained_outside_the_checkout(folder):
    study = folder / "runs" / "demo"

    assert read_status(study).state == "finished"
    assert {path.stem for path in (study / "analysis").glob("*.parquet")} >= {"labels", "models"}
    assert [path.name for path in folder.iterdir()] == ["runs"]


def test_a_launched_study_imports_nothing_from_the_folder_it_starts_in(training, folder, tmp_path):
    study = shutil.copytree(folder / "runs" / "demo", tmp_path / "runs" / "demo")
    (tmp_path / "numpy.py").write_text("raise SystemExit('that is not numpy')")
    again = ["--recipe", str(study / STUDY_FILE), "--out", str(study)]

    told = training.call("udviz", "launch", *again, cwd=tmp_path)

    assert told.returncode == 0, told.stderr
    assert wait_for_end(study) == "finished", (study / LOG_FILE).read_text()
    assert "complete, skipped" in (study / LOG_FILE).read_text()
    assert "finished" in training.call("udviz", "stop", str(study), cwd=tmp_path).stdout
