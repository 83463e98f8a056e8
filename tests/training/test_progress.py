import contextlib
import os
import signal
import time

import pytest
import torch

from udviz.training.progress import LossMeter, Progress, Speed, StopRequest, Stopwatch
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
        assert not stop.asked(together=True)
        os.kill(os.getpid(), number)
        assert stop.asked(together=True)
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
