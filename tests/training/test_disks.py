"""Disks that are full or read-only, in earnest: a run ends with that as its reason, and goes on."""

import shutil

import pandas as pd
import pytest

from tests.studies.disks import PAGE, fill, free, small_disk
from tests.studies.programs import wait_for_end
from tests.training.processes import TINY, run, started, train
from tests.training.test_faults import progress_of
from tests.training.test_launched import tiny_plan
from tests.training.test_resume import assert_same_run
from udviz.launching.launch import launch, resume
from udviz.studies.lock import STUDY_LOCK
from udviz.studies.status import Status, read_status, write_status

pytestmark = pytest.mark.training

N_BYTES = 24 * 2**20


def arguments(study):
    return [*TINY, "--out", str(study), "--model", "teacher"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A teacher that was trained in one go."""
    study = tmp_path_factory.mktemp("full") / "undisturbed"
    run(train, arguments(study), log=study.parent / "log")
    return study


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", n_bytes=N_BYTES) as disk:
        yield disk


def drafts_in(study):
    """What was begun beside its place; the lock is no draft."""
    return {path.name for path in study.rglob(".*")} - {STUDY_LOCK}


def reasons_of(*directories):
    statuses = [read_status(directory) for directory in directories]
    assert [status.state for status in statuses] == ["failed"] * len(statuses)
    return [status.message for status in statuses]


def _trains_until_the_disk_is_full(command_line, root, leave):
    """Fill the disk when the second checkpoint is about to be written."""
    from udviz.training import loop

    save, n_saved = loop._Session.save_last, []

    def save_last(session):
        n_saved.append(1)
        if len(n_saved) == 2:
            fill(root, leave=leave)
        save(session)

    loop._Session.save_last = save_last
    train(command_line)


@pytest.mark.parametrize("leave", [0, 100 * PAGE], ids=["full", "almost"])
def test_a_disk_that_fills_up_between_two_checkpoints(disk, undisturbed, tmp_path, leave):
    study = disk.path / "mine"
    log = tmp_path / "log"

    with started(
        _trains_until_the_disk_is_full, arguments(study), disk.path, leave, log=log
    ) as program:
        assert program.wait() == 1, program.output

    assert "Traceback" not in program.output
    for message in reasons_of(study, study / "teacher"):
        assert message.startswith("The disk is full")
        assert "Free some space and start again; it continues." in message
    assert progress_of(study) == (1, 0)
    assert drafts_in(study) == set()
    assert shutil.disk_usage(disk.path).free >= leave

    free(disk.path)
    run(train, arguments(study), log=log)
    assert_same_run(undisturbed, study, "teacher")


def test_a_run_directory_that_cannot_be_written_ends_the_study_with_a_sentence(
    disk, undisturbed, tmp_path
):
    study = shutil.copytree(undisturbed, disk.path / "mine")
    shutil.rmtree(study / "teacher" / "checkpoints")
    disk.make_read_only("mine/teacher")

    with started(train, arguments(study), log=tmp_path / "log") as program:
        assert program.wait() == 1

    assert "Traceback" not in program.output
    [message] = reasons_of(study)
    assert message.startswith(f"No permission to write {study}/teacher/")
    assert read_status(study / "teacher").state == "finished"
    disk.make_writable("mine/teacher")
    run(train, arguments(study), log=tmp_path / "log")
    assert_same_run(undisturbed, study, "teacher")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A study as the app trains it, in the end."""
    study = tmp_path_factory.mktemp("whole") / "runs" / "mine"
    launch(tiny_plan(epochs=1), study)
    assert wait_for_end(study) == "finished", (study / "log.txt").read_text()
    return study


@pytest.mark.parametrize("part", ["teacher/predictions", "analysis"])
def test_a_disk_that_is_full_after_training(disk, whole, part):
    study = shutil.copytree(whole.parent, disk.path / "runs") / "mine"
    shutil.rmtree(study / "analysis")
    shutil.rmtree(study / part, ignore_errors=True)
    write_status(study, Status(state="stopped", stage="x", fraction=0.9))
    fill(disk.path, leave=8 * PAGE)

    resume(study)

    wait_for_end(study)
    [message] = reasons_of(study)
    assert message.startswith("The disk is full")
    assert drafts_in(study) == set()
    free(disk.path)
    resume(study)
    assert wait_for_end(study) == "finished", (study / "log.txt").read_text()
    for table in ("labels", "models", "suspects"):
        first, second = (
            pd.read_parquet(s / "analysis" / f"{table}.parquet") for s in (whole, study)
        )
        pd.testing.assert_frame_equal(first, second)


def test_a_disk_that_is_full_before_a_finished_run_begins_anew(disk, undisturbed, tmp_path):
    study = shutil.copytree(undisturbed, disk.path / "mine")
    assert read_status(study).state == "finished"
    fill(disk.path)

    with started(train, arguments(study), log=tmp_path / "log") as program:
        assert program.wait() == 1

    assert "Traceback" not in program.output
    [message] = reasons_of(study)
    assert message.startswith("The disk is full")
