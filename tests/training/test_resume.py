"""A run that is killed at any moment and started again ends as one that was left alone, bitwise."""

import shutil
import signal
import time

import pytest

from tests.training.processes import TINY, run, started, train
from udviz.studies.directory import RunDirectory
from udviz.studies.events import read_events
from udviz.studies.status import read_status
from udviz.training.checkpoint import WEIGHTS, is_whole, load_newest

pytestmark = pytest.mark.training

ROLES = {"teacher": "teacher", "distilled": "distilled-0"}


def arguments(study, role):
    return [*TINY, "--out", str(study), "--model", role]


def epochs_of(study, role):
    events = read_events(study / ROLES[role] / "events.jsonl")
    return [event for event in events if event["event"] == "epoch"]


def scores(study, role):
    """Validation mAP by epoch; an epoch that was computed twice must come out the same."""
    by_epoch = {}
    for event in epochs_of(study, role):
        score = by_epoch.setdefault(event["epoch"], event["validation_map"])
        assert score == event["validation_map"]
    return by_epoch


def saved_place(study, role):
    """Epoch and step of the checkpoint to go on from; None if there is none yet."""
    newest = load_newest(RunDirectory(study / ROLES[role]).checkpoints)
    return newest and (newest.state["place"]["epoch"], newest.state["place"]["step"])


def goes_on(study, role):
    """Run to the end; where it went on from."""
    run(train, arguments(study, role), log=study.parent / f"{study.name}.log")
    events = read_events(study / ROLES[role] / "events.jsonl")
    places = [(e["epoch"], e["step"]) for e in events if e["event"] == "resumed"]
    return places[-1] if places else None


def assert_same_run(first, second, role):
    for name in ("last", "best"):
        a, b = (RunDirectory(s / ROLES[role]).checkpoints / name / WEIGHTS for s in (first, second))
        assert a.read_bytes() == b.read_bytes(), name
    assert scores(first, role) == scores(second, role)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A study whose teacher and distilled student were trained in one go."""
    study = tmp_path_factory.mktemp("resume") / "undisturbed"
    for role in ROLES:
        run(train, arguments(study, role), log=study.parent / f"{role}.log")
    return study


@pytest.fixture
def study(undisturbed, request):
    """A fresh study beside it, with its teacher if a student is to be trained."""
    fresh = undisturbed.parent / request.node.name
    if "distilled" in request.node.name:
        shutil.copytree(undisturbed / "teacher", fresh / "teacher")
    else:
        fresh.mkdir()
    return fresh


def epoch_seconds(study, role):
    event = epochs_of(study, role)[0]
    return 64 / event["images_per_second"] + event["validation_seconds"]


def interrupt(study, role, number, *, after_epochs, delay):
    """Start the run, send a signal ``delay`` s after so many more epochs; the exit code."""
    wanted = len(epochs_of(study, role)) + after_epochs
    with started(train, arguments(study, role), log=study.parent / f"{study.name}.log") as program:
        directory = RunDirectory(study / ROLES[role])
        program.wait_until(
            lambda: directory.record.exists() and len(epochs_of(study, role)) >= wanted
        )
        time.sleep(delay)
        program.process.kill() if number == signal.SIGKILL else program.process.terminate()
        return program.wait()


@pytest.mark.parametrize("role", ROLES)
def test_killed_at_random_moments_it_ends_the_same(undisturbed, study, role, rng):
    span = epoch_seconds(undisturbed, role)

    before_any = interrupt(study, role, signal.SIGKILL, after_epochs=0, delay=0.0)
    assert not RunDirectory(study / ROLES[role]).checkpoints.exists()
    later = [
        interrupt(study, role, signal.SIGKILL, after_epochs=1, delay=rng.uniform(0, span))
        for _ in range(2)
    ]

    assert before_any == -signal.SIGKILL
    assert -signal.SIGKILL in later, "every run was finished before its signal came"
    if later[-1] == -signal.SIGKILL:
        assert read_status(study / ROLES[role]).state == "lost"
    assert is_whole(RunDirectory(study / ROLES[role]).checkpoints / "best")
    place = saved_place(study, role)
    assert place is not None
    assert goes_on(study, role) == place
    assert_same_run(undisturbed, study, role)
    assert read_status(study / ROLES[role]).state == "finished"


@pytest.mark.parametrize("role", ROLES)
def test_stopped_within_an_epoch_it_ends_the_same(undisturbed, study, role):
    span = epoch_seconds(undisturbed, role)

    code = interrupt(study, role, signal.SIGTERM, after_epochs=1, delay=span / 2)

    assert code == 130
    status = read_status(study / ROLES[role])
    assert status.state == "stopped"
    epoch, step = saved_place(study, role)
    where = f"in epoch {epoch + 1}, step {step}" if step else f"after epoch {epoch}"
    assert status.message == f"Stopped {where}. Start it again; it continues from here."
    assert goes_on(study, role) == (epoch, step)
    assert_same_run(undisturbed, study, role)
