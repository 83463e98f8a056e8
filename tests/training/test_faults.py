"""Faults end a run with a state, a reason that a person understands, and its last checkpoint."""

import errno
import os
import resource
import shutil
import signal
import time
from contextlib import suppress

import numpy as np
import psutil
import pytest

from tests.training.processes import TINY, run, started, train
from udviz.commands.train import main
from udviz.studies.events import read_events
from udviz.studies.status import read_status
from udviz.training.checkpoint import STATE, WEIGHTS, is_whole, load_checkpoint, load_newest

pytestmark = pytest.mark.training

FILE_LIMIT = 300_000  # bytes; the weights alone take more


def arguments(study, *more):
    return [*TINY, "--out", str(study), "--model", "teacher", *more]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A study that was stopped after its first epoch."""
    study = tmp_path_factory.mktemp("faults") / "begun"
    events = study / "teacher" / "events.jsonl"
    with started(train, arguments(study), log=study.parent / "begun.log") as program:
        program.wait_until(lambda: any(e["event"] == "epoch" for e in read_events(events)))
        program.process.terminate()
        assert program.wait() == 130, program.output
    return study


@pytest.fixture
def study(begun, request):
    """A copy of it; the decoded images beside it are shared."""
    return shutil.copytree(begun, begun.parent / request.node.name)


def progress_of(study):
    """Epochs and steps in the last checkpoint, which must be whole."""
    place = load_checkpoint(study / "teacher" / "checkpoints" / "last").state["place"]
    return place["epoch"], place["step"]


def fails(study, function, *more):
    """Run ``function`` in a process that must fail; the reason in the run's status."""
    with started(function, arguments(study, *more), log=study.parent / "log") as program:
        assert program.wait() == 1, program.output
        assert "Traceback" not in program.output
    statuses = [read_status(study), read_status(study / "teacher")]
    assert [status.state for status in statuses] == ["failed", "failed"]
    assert statuses[0].message == statuses[1].message
    return statuses[0].message


def _explode(command_line):
    from udviz.training import loop

    loop.learning_rate = lambda config, *, epoch: 1e30
    train(command_line)


def test_a_loss_that_becomes_nan(study):
    before = progress_of(study)

    reason = fails(study, _explode)

    assert f"became NaN or infinite in epoch {before[0] + 1}" in reason
    assert "Lower the learning rate" in reason
    assert progress_of(study) == before


def _with_small_files(command_line):
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, FILE_LIMIT))
    train(command_line)


def test_a_checkpoint_that_is_too_large_for_the_disk(study):
    before = progress_of(study)

    reason = fails(study, _with_small_files)

    assert "File too large" in reason
    assert progress_of(study) == before
    names = {path.name for path in (study / "teacher" / "checkpoints").iterdir()}
    assert names <= {"last", "previous", "best"}
    run(train, arguments(study), log=study.parent / "log")  # with room again it goes on
    assert progress_of(study) == (4, 0)


@pytest.mark.parametrize("name", [WEIGHTS, STATE])
def test_a_checkpoint_cut_at_any_of_forty_places_gives_way_to_the_one_before(study, name):
    checkpoints = study / "teacher" / "checkpoints"
    shutil.rmtree(checkpoints / "previous", ignore_errors=True)
    shutil.copytree(checkpoints / "last", checkpoints / "previous")
    file = checkpoints / "last" / name
    n_bytes = file.stat().st_size

    for length in np.linspace(n_bytes - 1, 0, 40, dtype=int):
        os.truncate(file, length)
        assert not is_whole(checkpoints / "last")
    assert load_newest(checkpoints).state["place"]["epoch"] == 1

    run(train, arguments(study), log=study.parent / "log")
    assert progress_of(study) == (4, 0)


def _on_a_full_disk(command_line):
    from udviz.training import checkpoint

    def no_space(directory, content):
        raise OSError(errno.ENOSPC, "No space left on device", str(directory))

    checkpoint._write = no_space
    train(command_line)


def test_a_full_disk_is_called_that(study):
    before = progress_of(study)

    reason = fails(study, _on_a_full_disk)

    assert "The disk is full" in reason
    assert "Free some space and start again" in reason
    assert progress_of(study) == before


def test_a_data_loader_worker_that_is_killed(study):
    before = progress_of(study)
    log = study.parent / "worker.log"
    with started(train, arguments(study, "--hardware.workers", "2"), log=log) as program:
        parent = psutil.Process(program.process.pid)
        program.wait_until(lambda: len(workers_of(parent)) > 0)
        while program.process.is_alive():  # one that has done its work may die unnoticed
            for worker in workers_of(parent):
                with suppress(ProcessLookupError):  # it ended in between
                    os.kill(worker.pid, signal.SIGKILL)
            time.sleep(0.01)
        assert program.wait() == 1, program.output

    status = read_status(study / "teacher")
    assert status.state == "failed"
    assert "data-loader worker died" in status.message
    assert progress_of(study) >= before


def workers_of(process):
    """Children that were forked to read data, not those that Python starts for itself."""
    try:
        children = process.children()
        return [child for child in children if "resource_tracker" not in str(child.cmdline())]
    except psutil.NoSuchProcess:
        return []


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    study = tmp_path / "file" / "study"

    with started(train, arguments(study), log=tmp_path / "log") as program:
        assert program.wait() == 1

    assert "Traceback" not in program.output
    assert "Not a directory" in program.output
    assert str(study) in program.output


def test_a_checkpoint_folder_that_cannot_be_written(study):
    checkpoints = study / "teacher" / "checkpoints"
    shutil.rmtree(checkpoints)
    checkpoints.write_text("in the way")

    reason = fails(study, train)

    assert str(checkpoints) in reason


def test_a_study_with_other_settings_is_left_alone(begun):
    before = (begun / "study.toml").read_text(), progress_of(begun)

    with pytest.raises(ValueError, match=r"trained with other settings \(network.epochs: 4, now 5"):
        main([*arguments(begun), "--teacher.epochs", "5"])

    assert ((begun / "study.toml").read_text(), progress_of(begun)) == before
