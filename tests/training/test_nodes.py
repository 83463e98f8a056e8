"""Two machines, played by two leaders that share a folder and the loopback interface."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.training.processes import SECONDS, run, train
from tests.training.test_torchrun import PROJECT, SGD, arguments, distance, epochs_of
from udviz.launching.placement import Placement
from udviz.launching.together.network import LOOPBACK
from udviz.studies.status import read_status

pytestmark = pytest.mark.training
TWO = Placement(machines=2, network=LOOPBACK)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The teacher that one process trains."""
    study = tmp_path_factory.mktemp("nodes") / "alone"
    run(train, arguments(study, "teacher"), log=study.with_suffix(".log"))
    return study


@contextmanager
def node(number, study) -> Iterator[subprocess.Popen]:
    """The leader of one machine with one process; nothing of it outlives the test."""
    command = TWO.command(["-m", "pipelines.train", *arguments(study, "teacher")], study)
    with study.with_suffix(f".{number}.log").open("ab") as log:
        leader = subprocess.Popen(
            [sys.executable, *command], cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield leader
    finally:
        kill(leader)


def kill(leader):
    """As if the machine had lost power: the leader and all that it started, at once."""
    if leader.poll() is None:
        tree = [psutil.Process(leader.pid), *psutil.Process(leader.pid).children(recursive=True)]
        for process in tree:
            process.send_signal(signal.SIGKILL)
    leader.wait()


def wait_for(condition, *leaders):
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends, "nothing happened"
        assert all(leader.poll() is None for leader in leaders), "a leader ended early"
        time.sleep(0.01)


def test_a_node_that_lost_power_comes_back_and_the_run_ends_like_that_of_one_process(alone):
    study = alone.parent / "together"

    with node(0, study) as first:
        with node(1, study) as second:
            wait_for(lambda: epochs_of(study, "teacher"), first, second)
        with node(1, study) as second:
            codes = [first.wait(SECONDS), second.wait(SECONDS)]

    assert codes == [0, 0]
    assert read_status(study / "teacher").state == "finished"
    assert {event["epoch"] for event in epochs_of(study, "teacher")} == {1, 2}
    assert distance(alone, study, "teacher") < SGD["weights_within"]
