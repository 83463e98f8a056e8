import os

from udviz.runs.directory import list_studies


def test_studies_are_listed_newest_first_and_other_folders_left_out(tmp_path):
    for age, name in enumerate(("new", "old")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.toml").write_text("")
        os.utime(tmp_path / name / "study.toml", (1000 - age, 1000 - age))
    (tmp_path / ".decoded").mkdir()
    (tmp_path / "file").write_text("")

    assert [path.name for path in list_studies(tmp_path)] == ["new", "old"]


def test_a_root_that_does_not_exist_holds_no_studies(tmp_path):
    assert list_studies(tmp_path / "none") == []
