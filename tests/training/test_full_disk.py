"""A disk that is full, in earnest: a run ends with that as its reason, and goes on with room."""

import shutil
from pathlib import Path

import pytest

from tests.runs.disks import fill, free, small_disk
from tests.runs.programs import wait_for_end
from tests.training.processes import TINY, run, started, train
from tests.training.test_faults import progress_of
from tests.training.test_launched import plan as tiny_plan
from tests.training.test_resume import assert_same_run
from udviz.runs.directory import decoded_root
from udviz.runs.events import read_events
from udviz.runs.failure import reason
from udviz.runs.launch import LAUNCH_FILE, launch, resume
from udviz.runs.status import read_status

pytestmark = pytest.mark.training

N_BYTES = 24 * 2**20
PAGE = 4096  # bytes; what a small file takes


def arguments(study):
    return [*TINY, "--out", str(study), "--role", "teacher"]


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


def files_of(root):
    return {path.relative_to(root) for path in Path(root).rglob("*") if path.is_file()}


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


@pytest.mark.parametrize("leave", [0, PAGE, 100 * PAGE])
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
    left = {path for path in files_of(study) if path.name.startswith(".")}
    assert left == {Path(".lock")}
    assert shutil.disk_usage(disk.path).free >= leave

    free(disk.path)
    run(train, arguments(study), log=log)
    assert_same_run(undisturbed, study, "teacher")
