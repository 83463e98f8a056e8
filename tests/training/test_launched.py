"""A study that the app started: stopped, killed and resumed, it is complete in the end."""

import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from tests.security.sockets import listening, reachable_from_elsewhere
from tests.studies.programs import wait_for, wait_for_end, wait_until
from tests.training.processes import SECONDS, TINY, run, started, train
from tests.training.test_torchrun import PROJECT
from udviz.launching.launch import Plan, launch, resume, stop
from udviz.launching.placement import Placement
from udviz.launching.queue import QUEUE, waiting
from udviz.launching.together.network import LOOPBACK
from udviz.recipe.files import parse_recipe, recipe_path, recipe_values
from udviz.stoppable import stoppable
from udviz.studies.events import read_events
from udviz.studies.identity import start_mark
from udviz.studies.lock import STUDY_LOCK, exclusive, try_lock
from udviz.studies.status import ALIVE, read_status
from udviz.training.checkpoint import load_checkpoint
from udviz.training.progress import StopRequest

pytestmark = pytest.mark.training

NETWORK = {"backbone": "small", "batch_size": 8, "epochs": 1}


def tiny_plan(*, epochs=12):
    """A study that takes seconds."""
    data = {"n_train": 64, "n_val": 31, "n_test": 31, "side_px": 64}
    tiny = {"data": data, "teacher": {**NETWORK, "epochs": epochs}, "student": NETWORK}
    taught = {"students": {"baseline": {"method": "none"}, "distilled": {}}, "comparisons": []}
    values = recipe_values(recipe_path("demo")) | tiny | taught | {"hardware": {"threads": 1}}
    return Plan(source="demo", recipe=parse_recipe(values, source="test"))


@pytest.fixture
def plan():
    return tiny_plan()


@pytest.fixture
def root(tmp_path):
    yield tmp_path
    for path in tmp_path.iterdir():
        status = read_status(path)
        if status is not None and status.is_owner_alive and status.pid != os.getpid():
            os.kill(status.pid, signal.SIGKILL)


def epochs_of(study):
    events = read_events(study / "teacher" / "events.jsonl")
    return [event["epoch"] for event in events if event["event"] == "epoch"]


def wait_for_epochs(study, n):
    wait_until(lambda: len(epochs_of(study)) >= n or read_status(study).state not in ALIVE)
    assert len(epochs_of(study)) >= n, (study / "log.txt").read_text()


def test_stopped_killed_and_resumed_it_is_complete_in_the_end(root):
    study, n_epochs = root / "mine", 30  # so many that it is not done before it is killed
    launch(tiny_plan(epochs=n_epochs), study)
    wait_for_epochs(study, 1)

    stop(study)
    assert wait_for_end(study) == "stopped"
    assert "it continues from here" in read_status(study).message
    saved = load_checkpoint(study / "teacher" / "checkpoints" / "last").state["place"]

    resume(study)
    wait_for_epochs(study, len(epochs_of(study)) + 1)
    os.kill(read_status(study).pid, signal.SIGKILL)
    wait_for(study, "lost")
    n_done = len(set(epochs_of(study)))

    resume(study)
    assert wait_for_end(study) == "finished", (study / "log.txt").read_text()
    assert n_done >= saved["epoch"]
    assert sorted(set(epochs_of(study))) == list(range(1, n_epochs + 1))
    assert (study / "analysis" / "labels.parquet").exists()
    with exclusive(study, patience=60.0):
        assert waiting(root) == []
        os.close(try_lock(root / QUEUE / "slot-cpu"))
    assert (study / STUDY_LOCK).exists()


TOGETHER = Placement(processes=2)


def test_two_processes_are_launched_stopped_and_resumed_like_one(root, plan):
    study = root / "mine"
    launch(replace(plan, placement=TOGETHER), study)
    wait_for_epochs(study, 1)
    agent = psutil.Process(read_status(study).pid)
    family = [agent.pid, *(child.pid for child in agent.children(recursive=True))]
    assert len(family) == 3
    assert len(listening(agent.pid)) == 2
    assert reachable_from_elsewhere(agent.pid) == set()

    stop(study)
    assert wait_for_end(study) == "stopped", (study / "log.txt").read_text()
    assert "it continues from here" in read_status(study).message
    wait_until(lambda: not any(start_mark(pid) for pid in family))

    resume(study)
    wait_for_epochs(study, len(epochs_of(study)) + 1)
    assert "udviz.launching.together" in psutil.Process(read_status(study).pid).cmdline()
    assert wait_for_end(study) == "finished", (study / "log.txt").read_text()
    assert sorted(set(epochs_of(study))) == list(range(1, 13))


def test_two_machines_are_launched_here_and_typed_there(root, plan):
    study = root / "mine"
    teacher = plan.recipe.teacher.model_copy(update={"epochs": 2})
    short = plan.recipe.model_copy(update={"teacher": teacher})
    placement = Placement(machines=2, network=LOOPBACK)
    together = replace(plan, recipe=short, placement=placement)
    launch(together, study)
    _, *arguments = shlex.split(together.typed(study))

    there = subprocess.Popen([sys.executable, *arguments], cwd=PROJECT)

    assert wait_for_end(study) == "finished", (study / "log.txt").read_text()
    assert there.wait(SECONDS) == 0
    assert sorted(set(epochs_of(study))) == [1, 2]


def test_a_request_to_stop_that_comes_after_the_last_step_is_not_lost():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))

    with StopRequest():
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def _slow_to_load(command_line):
    import time

    from udviz.commands import train as pipeline

    pipeline.load_dataset = lambda config: time.sleep(600)
    train(command_line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_before_it_trains_says_so(root, number):
    study = root / "mine"
    arguments = [*TINY, "--out", str(study), "--model", "teacher"]
    with started(_slow_to_load, arguments, log=root / "log") as program:
        program.wait_until(lambda: (study / "teacher").exists())
        os.kill(program.process.pid, number)
        assert program.wait() == 130, program.output

    statuses = [read_status(study), read_status(study / "teacher")]
    assert [status.state for status in statuses] == ["stopped", "stopped"]
    assert statuses[0].message == "Stopped. Start it again; it continues."


class _StoppedWhileDestroyed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)


def _stopped_in_a_destructor():
    with stoppable():
        _StoppedWhileDestroyed()
        time.sleep(SECONDS)


def test_a_stop_that_arrives_inside_a_destructor_is_not_lost(root):
    with started(_stopped_in_a_destructor, log=root / "log") as program:
        assert program.wait() == 1

    assert "KeyboardInterrupt: Stopped. Start it again; it continues." in program.output


def _stopped_when_all_is_done():
    with stoppable():
        _StoppedWhileDestroyed()
    time.sleep(0.1)


def test_a_stop_that_is_dropped_when_all_is_done_does_not_kill(root):
    with started(_stopped_when_all_is_done, log=root / "log") as program:
        assert program.wait() == 0, program.output


def test_a_run_from_a_terminal_says_that_it_does_not_wait(root):
    (root / QUEUE).mkdir()
    slot = try_lock(root / QUEUE / "slot-cpu")
    arguments = [*TINY, "--out", str(root / "mine"), "--model", "teacher", "--teacher.epochs", "1"]

    run(train, arguments, log=root / "log")

    os.close(slot)
    assert "this one does not wait for it" in (root / "log").read_text()
    assert read_status(root / "mine").state == "finished"
