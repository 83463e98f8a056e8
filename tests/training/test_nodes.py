"""Two machines, played by two torchrun agents that meet on the loopback interface."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.training.processes import SECONDS, run, train
from tests.training.test_torchrun import PROJECT, SGD, arguments, distance, epochs_of
from udviz.studies.status import read_status

pytestmark = pytest.mark.training
# Else torch keeps the address of the first meeting, and a node that comes back waits in vain.
REJOIN = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The teacher that one process trains."""
    study = tmp_path_factory.mktemp("nodes") / "alone"
    run(train, arguments(study, "teacher"), log=study.with_suffix(".log"))
    return study


@contextmanager
def node(number, port, study) -> Iterator[subprocess.Popen]:
    """The agent of one machine with one process; nothing of it outlives the test."""
    torchrun = [
        *(sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"),
        *("--rdzv-backend", "c10d", "--rdzv-endpoint", f"127.0.0.1:{port}", "--rdzv-id", "study"),
        *("--rdzv-conf", f"is_host={int(number == 0)},close_timeout=60"),
        *("--local-addr", "127.0.0.1", "--max-restarts", "3"),
    ]
    with study.with_suffix(f".{number}.log").open("ab") as log:
        agent = subprocess.Popen(
            [*torchrun, "-m", "pipelines.train", *arguments(study, "teacher")],
            cwd=PROJECT,
            env={**os.environ, **REJOIN},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield agent
    finally:
        kill(agent)


def kill(agent):
    """As if the machine had lost power: the agent and all that it started, at once."""
    if agent.poll() is None:
        tree = [psutil.Process(agent.pid), *psutil.Process(agent.pid).children(recursive=True)]
        for process in tree:
            process.send_signal(signal.SIGKILL)
    agent.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, *agents):
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends, "nothing happened"
        assert all(agent.poll() is None for agent in agents), "an agent ended early"
        time.sleep(0.01)


def test_a_node_that_lost_power_comes_back_and_the_run_ends_like_that_of_one_process(alone):
    study, port = alone.parent / "together", free_port()

    with node(0, port, study) as first:
        with node(1, port, study) as second:
            wait_for(lambda: epochs_of(study, "teacher"), first, second)
        with node(1, port, study) as second:
            codes = [first.wait(SECONDS), second.wait(SECONDS)]

    assert codes == [0, 0]
    assert read_status(study / "teacher").state == "finished"
    assert {event["epoch"] for event in epochs_of(study, "teacher")} == {1, 2}
    assert distance(alone, study, "teacher") < SGD["weights_within"]
