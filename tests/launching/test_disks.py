"""Disks that are full or read-only, in earnest: what was there stays, and a person is told."""

import json
from functools import partial

import pytest

from tests.launching.test_launch import Recorder, demo
from tests.studies.disks import PAGE, fill, free, small_disk
from tests.studies.programs import state
from udviz.launching.launch import launch, resume
from udviz.studies.events import append_event, read_events
from udviz.studies.failure import reason
from udviz.studies.listing import list_entries
from udviz.studies.lock import STUDY_LOCK
from udviz.studies.status import STATUS_FILE, Status, read_status, write_status

FEW = {"n_train": 8, "n_val": 4, "n_test": 4}  # pixels that fit on a small disk
STOPPED = Status(state="stopped", stage="Teacher", fraction=0.5)
FAILED = Status(state="failed", stage="Teacher", fraction=0.5, message="The disk is full. " * 20)


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", n_bytes=2**20) as disk:
        yield disk


@pytest.fixture
def study(disk):
    """One that was stopped."""
    study = disk.path / "mine"
    launch(demo(data=FEW), study, launcher=Recorder())
    write_status(study, STOPPED)
    return study


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_on_a_full_disk_a_status_is_still_replaced_by_a_longer_or_a_shorter_one(disk, study):
    fill(disk.path)

    for status in (FAILED, STOPPED, FAILED):
        write_status(study, status)
        assert (state(study), read_status(study).message) == (status.state, status.message)

    assert [path.name for path in study.glob(f".{STATUS_FILE}*")] == []


def test_on_a_full_disk_a_first_status_is_refused_and_nothing_is_left_of_it(disk):
    fill(disk.path)
    (disk.path / "mine").mkdir()

    with pytest.raises(OSError, match="No space left"):
        write_status(disk.path / "mine", STOPPED)

    assert contents(disk.path / "mine") == {}


def test_an_event_that_found_no_room_costs_only_itself(disk):
    path, events = disk.path / "events.jsonl", [{"step": n, "word": "x" * 300} for n in range(999)]
    fill(disk.path, leave=2 * PAGE)

    with pytest.raises(OSError, match="No space left"):
        list(map(partial(append_event, path), events))
    free(disk.path)
    n_written = len(read_events(path))
    append_event(path, {"step": "with room again"})

    assert read_events(path) == [*events[:n_written], {"step": "with room again"}]
    assert n_written == 2 * PAGE // len(json.dumps(events[10]) + "\n")


def test_a_launch_on_a_full_disk_is_refused_and_works_when_there_is_room(disk):
    fill(disk.path)

    with pytest.raises(OSError, match="No space left") as caught:
        launch(demo(data=FEW), disk.path / "new", launcher=Recorder())

    assert reason(caught.value).startswith("The disk is full")
    assert list_entries(disk.path) == []
    free(disk.path)
    launch(demo(data=FEW), disk.path / "new", launcher=Recorder())
    assert state(disk.path / "new") == "queued"


def test_a_study_that_cannot_queue_on_a_full_disk_says_so_and_goes_on_later(disk, study):
    fill(disk.path)

    with pytest.raises(OSError, match="No space left"):
        resume(study)

    assert state(study) == "failed"
    assert read_status(study).message.startswith("The disk is full")
    free(disk.path)
    resume(study, launcher=Recorder())
    assert state(study) == "queued"


def test_on_a_read_only_disk_studies_are_listed_and_nothing_is_begun(disk, study):
    before = contents(study)
    disk.make_read_only()

    assert [entry.name for entry in list_entries(disk.path)] == ["mine"]
    for begin in (lambda: resume(study), lambda: launch(demo(data=FEW), disk.path / "new")):
        with pytest.raises(OSError, match="Read-only") as caught:
            begin()
        assert reason(caught.value).startswith(f"No permission to write {disk.path}")
    assert contents(study) == before

    disk.make_writable()
    resume(study, launcher=Recorder())
    assert state(study) == "queued"
    assert (study / STUDY_LOCK).exists()
