import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udviz.studies.directory import list_studies, study_path


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


@pytest.mark.parametrize("name", ["a", "Straßen-2026.v2", "münchen_1", "7"])
def test_a_study_lies_in_the_folder_of_all_studies(tmp_path, name):
    assert study_path(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../x", "a/b", "/etc", "a\\b", ".trash", "-rf", "a b", "a\n", "a\0b"),
        *("$HOME", "a;b", "~", "x" * 121, "<b>", "a\u202eb", "%2e%2e"),
    ],
)
def test_a_name_that_leads_elsewhere_or_is_hard_to_type_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="name of a study must"):
        study_path(tmp_path, name)


@given(name=st.text(max_size=40) | st.text("./\\\0~ab", max_size=12))
def test_whatever_the_name_the_folder_lies_in_the_root_or_is_refused(name):
    root = Path("/nowhere/runs")
    try:
        path = study_path(root, name)
    except ValueError:
        return

    assert path.parent == root
    assert os.path.normpath(path) == str(path)
    assert not path.name.startswith((".", "-"))


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "link").symlink_to(tmp_path)

    with pytest.raises(ValueError, match="is a link to another place"):
        study_path(tmp_path / "runs", "link")


def test_the_folder_of_all_studies_may_itself_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")

    assert study_path(tmp_path / "runs", "mine") == tmp_path / "runs" / "mine"
