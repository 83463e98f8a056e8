"""Two processes give the result of one.

One step's gradients agree to 1e-6 (test_distributed). Over several steps rounding grows: with
SGD by the learning rate; faster with AdamW, whose first steps have the size of the learning rate
whatever the gradient's, so a gradient of rounding size moves a weight as far as a real one.
Measured after 8 steps, difference of all weights as a fraction of their length: SGD at 1e-4
3e-5, SGD at 1e-3 7e-4, AdamW at 1e-3 3e-3.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.training.processes import TINY, run, run_together, started_together, train
from udviz.studies.events import read_events
from udviz.studies.status import read_status
from udviz.training.checkpoint import WEIGHTS

pytestmark = pytest.mark.training

PROJECT = Path(__file__).parents[2]
DIRECTORY = {"teacher": "teacher", "distilled": "distilled-0"}


RATES = {"sgd": "1e-4", "adamw": "1e-3"}


def arguments(study, role, optimizer="sgd"):
    rate = ("learning_rate", RATES[optimizer])
    settings = ("optimizer", optimizer, *rate, "epochs", "2", "batch_size", "16")
    own = [
        part
        for network in ("teacher", "student")
        for name, value in zip(settings[::2], settings[1::2], strict=True)
        for part in (f"--{network}.{name}", value)
    ]
    return [*TINY, *own, "--out", str(study), "--model", role]


def weights(study, role):
    return load_file(study / DIRECTORY[role] / "checkpoints" / "last" / WEIGHTS)


def epochs_of(study, role):
    events = read_events(study / DIRECTORY[role] / "events.jsonl")
    return [event for event in events if event["event"] == "epoch"]


def distance(first, second, role):
    """Length of the difference of all weights, as a fraction of their length."""
    a, b = (
        torch.cat([w.double().flatten() for _, w in sorted(weights(study, role).items())])
        for study in (first, second)
    )
    return float((a - b).norm() / a.norm())


def assert_alike(first, second, role, *, weights_within, losses_within, map_within):
    assert distance(first, second, role) < weights_within
    for one, two in zip(epochs_of(first, role), epochs_of(second, role), strict=True):
        assert two["losses"] == pytest.approx(one["losses"], rel=losses_within)
        assert two["validation_map"] == pytest.approx(one["validation_map"], abs=map_within)


SGD = {"weights_within": 2e-4, "losses_within": 1e-4, "map_within": 0.01}
ADAMW = {"weights_within": 2e-2, "losses_within": 1e-2, "map_within": 0.1}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Studies trained by one process, one per optimiser."""
    root = tmp_path_factory.mktemp("torchrun")
    for optimizer in ("sgd", "adamw"):
        for role in DIRECTORY:
            run(train, arguments(root / optimizer, role, optimizer), log=root / "alone.log")
    return root


def with_teacher(alone, optimizer, study):
    """A student's result depends on its teacher, so it gets the very same."""
    shutil.copytree(alone / optimizer / "teacher", study / "teacher")
    return study


def test_torchrun_trains_the_teacher_that_one_process_trains(alone, tmp_path):
    study = alone / "launched"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run(
        [*torchrun, "-m", "pipelines.train", *arguments(study, "teacher")],
        cwd=PROJECT,
        check=True,
        timeout=300,
    )

    assert_alike(alone / "sgd", study, "teacher", **SGD)
    assert read_status(study / "teacher").state == "finished"


@pytest.mark.parametrize(("optimizer", "within"), [("sgd", SGD), ("adamw", ADAMW)])
def test_two_processes_train_the_student_that_one_trains(alone, optimizer, within):
    study = with_teacher(alone, optimizer, alone / f"student-{optimizer}")

    run_together(train, arguments(study, "distilled", optimizer), log=alone / f"{optimizer}.log")

    assert_alike(alone / optimizer, study, "distilled", **within)


def test_two_processes_that_were_killed_end_like_two_that_were_not(alone):
    whole, killed = alone / "whole", alone / "killed"
    run_together(train, arguments(whole, "teacher"), log=alone / "whole.log")

    with started_together(train, arguments(killed, "teacher"), log=alone / "k.log") as programs:
        programs[0].wait_until(lambda: len(epochs_of(killed, "teacher")) > 0)
        for program in programs:
            program.process.kill()
        assert {program.wait() for program in programs} == {-signal.SIGKILL}
    run_together(train, arguments(killed, "teacher"), log=alone / "killed.log")

    assert distance(whole, killed, "teacher") == 0.0


def test_one_process_continues_what_two_began(alone):
    study = alone / "handed-over"
    with started_together(train, arguments(study, "teacher"), log=alone / "two.log") as programs:
        programs[0].wait_until((study / "teacher" / "checkpoints" / "last").exists)

    run(train, arguments(study, "teacher"), log=alone / "one.log")

    assert_alike(alone / "sgd", study, "teacher", **SGD)


def test_a_batch_that_two_processes_cannot_share_is_refused(alone):
    study = alone / "odd"
    odd = [*arguments(study, "teacher"), "--teacher.batch_size", "15"]
    with started_together(train, odd, log=alone / "odd.log") as programs:
        codes = [program.wait() for program in programs]

    assert codes == [1, 1]
    assert "`batch_size` must be a multiple of the 2 processes" in programs[0].output
    assert read_status(study / "teacher").state == "failed"
