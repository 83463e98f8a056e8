import pytest

from tests.studies.programs import SLEEP, start, state, wait_for
from udviz.studies.lock import exclusive
from udviz.studies.status import Status, write_status
from udviz.studies.trash import discard, discarded, empty, restore


def make(root, name, text="x"):
    (root / name).mkdir()
    (root / name / "study.toml").write_text(text)
    return root / name


def test_a_discarded_study_can_be_put_back_whole(root):
    study = make(root, "mine", "kept")

    found = discard(study)
    assert not study.exists()
    restore(root, found)

    assert (study / "study.toml").read_text() == "kept"
    assert discarded(root) == []


def test_two_of_one_name_lie_in_the_trash_side_by_side_the_latest_first(root):
    for text in ("first", "second"):
        discard(make(root, "mine", text))

    assert [(d.path / "study.toml").read_text() for d in discarded(root)] == ["second", "first"]
    assert len({d.key for d in discarded(root)}) == 2


def test_a_study_is_not_put_back_over_another(root):
    found = discard(make(root, "mine"))
    make(root, "mine", "new")

    with pytest.raises(FileExistsError, match="another study called mine"):
        restore(root, found)

    assert (root / "mine" / "study.toml").read_text() == "new"


def test_a_study_under_way_is_not_discarded(root):
    study = start(root / "mine", SLEEP)
    wait_for(study, "running")

    with pytest.raises(RuntimeError, match="under way"):
        discard(study)
    assert state(study) == "running"


def test_a_study_that_somebody_holds_is_not_discarded(root, monkeypatch):
    monkeypatch.setattr("udviz.studies.trash.FAREWELL", 0.1)
    study = make(root, "mine")

    with exclusive(study), pytest.raises(RuntimeError, match="another process"):
        discard(study)


def test_a_study_that_runs_without_a_lock_is_not_discarded(root):
    write_status(make(root, "mine"), Status(state="running", stage="x", fraction=0.0))

    with pytest.raises(RuntimeError, match=r"under way\. Stop it first"):
        discard(root / "mine")


def test_emptying_deletes_what_is_in_the_trash_and_nothing_else(root, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (root / "link").symlink_to(tmp_path / "precious")
    for study in (make(root, "mine"), root / "link"):
        discard(study)
    make(root, "other")

    assert empty(root) == 2

    assert discarded(root) == []
    assert (root / "other").exists()
    assert (tmp_path / "precious" / "file").exists()


def test_an_empty_trash_can_be_emptied(root):
    assert empty(root) == 0
