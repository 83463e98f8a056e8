import contextlib
import os
import signal
import time

import numpy as np
import pytest
import torch

from tests.training.processes import run_together
from udviz.training import distributed, progress
from udviz.training.progress import MOST_CALLS, LossMeter, Progress, Speed, StopRequest, Stopwatch
from udviz.training.state import TrainingState


def test_the_meter_gives_the_mean_of_every_loss():
    meter = LossMeter({}, 0)

    meter.add({"bce": torch.tensor(1.0), "cal": torch.tensor(0.5)})
    meter.add({"bce": torch.tensor(3.0), "cal": torch.tensor(0.5)})

    assert meter.checked_sums(0, 2) == {"bce": 4.0, "cal": 1.0}
    assert meter.means() == {"bce": 2.0, "cal": 0.5}


def test_a_meter_goes_on_from_the_sums_of_a_checkpoint():
    meter = LossMeter({"bce": 6.0}, 3)

    meter.add({"bce": torch.tensor(2.0)})

    assert meter.means() == {"bce": 2.0}


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_a_number_is_refused_by_name(bad):
    meter = LossMeter({}, 0)
    meter.add({"bce": torch.tensor(1.0), "attention": torch.tensor(bad)})

    with pytest.raises(
        FloatingPointError, match=r"The loss attention .* epoch 3, by step 7\. Lower"
    ):
        meter.checked_sums(2, 7)


def test_waiting_for_data_is_told_from_computing():
    def slow_batches():
        for _ in range(3):
            time.sleep(0.05)
            yield "batch"

    watch = Stopwatch(n_images=10)
    started = time.perf_counter()
    for _ in watch.timed(slow_batches()):
        time.sleep(0.05)
    speed = watch.speed()
    elapsed = time.perf_counter() - started

    assert speed.images_per_second == pytest.approx(30 / elapsed, rel=0.05)
    assert 0.1 < speed.data_wait < 0.9


def test_progress_counts_whole_and_begun_epochs():
    state = TrainingState(epoch=1, step=2, best_score=0.5, best_epoch=1)

    assert Progress.of_step(state, 4, 3, Speed()).fraction == pytest.approx(0.5)
    assert Progress.of_epoch(state, 3).fraction == pytest.approx(1 / 3)
    assert Progress.of_step(state, 4, 3, Speed()).message == "epoch 2/3, best validation mAP 0.500"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noted_and_does_not_interrupt(number):
    heard = []
    own = signal.signal(number, lambda number, frame: heard.append(number))
    before = signal.getsignal(number)

    with StopRequest() as stop:
        assert not stop.asked()
        os.kill(os.getpid(), number)
        assert stop.asked()
        assert heard == []

    assert signal.getsignal(number) is before
    assert heard == [number], "what was not granted is handed on"
    signal.signal(number, own)


def test_a_signal_that_was_granted_is_not_handed_on():
    heard = []
    own = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))

    with contextlib.suppress(InterruptedError), StopRequest():
        os.kill(os.getpid(), signal.SIGTERM)
        raise InterruptedError

    signal.signal(signal.SIGTERM, own)
    assert heard == []


def calls_that_agree(monkeypatch, *, n_calls, seconds, now=()):
    """Which calls make one of two processes ask the other; ``now``: those that are told to."""
    clock, asked_at = [0.0], []
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    monkeypatch.setattr(
        distributed, "max_over_processes", lambda told: asked_at.append(call) or told
    )
    stop = StopRequest()
    for call in range(n_calls):
        clock[0] += seconds
        stop.asked(now=call in now)
    return asked_at


@pytest.mark.parametrize(("seconds", "expected"), [(0.001, MOST_CALLS), (0.3, 6), (1.5, 1), (9, 1)])
def test_several_processes_ask_each_other_about_every_two_seconds(monkeypatch, seconds, expected):
    asked_at = calls_that_agree(monkeypatch, n_calls=60, seconds=seconds)

    assert set(np.diff(asked_at)) == {expected}


def test_processes_ask_each_other_at_once_where_they_are_told_to_and_right_after(monkeypatch):
    asked_at = calls_that_agree(monkeypatch, n_calls=20, seconds=0.001, now=(5, 6))

    assert asked_at[:4] == [0, 5, 6, 7]


def _ask_together(folder):
    """One process hears a signal at its fifth call; its calls take longer than the other's."""
    with distributed.process_group(), contextlib.suppress(InterruptedError):
        rank = distributed.rank()
        with StopRequest() as stop:
            for call in range(200):
                time.sleep(0.002 * (1 + 4 * rank))
                if rank == 1 and call == 5:
                    os.kill(os.getpid(), signal.SIGTERM)
                if stop.asked():
                    (folder / str(rank)).write_text(str(call))
                    raise InterruptedError


@pytest.mark.training
def test_all_processes_hear_of_a_request_to_one_at_the_same_call(tmp_path):
    run_together(_ask_together, tmp_path, log=tmp_path / "log")

    first, second = ((tmp_path / str(rank)).read_text() for rank in (0, 1))
    assert first == second
    assert 5 <= int(first) <= 5 + MOST_CALLS
