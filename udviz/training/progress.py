"""Measuring a run while it runs: losses, speed, time left, and a request to stop."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

import torch
from torch import Tensor

from udviz.training import distributed
from udviz.training.state import Speed, TrainingState

AGREE_EVERY = 2.0  # seconds after which several processes ask each other whether to stop
MOST_CALLS = 16  # questions of one process after which they do so at the latest


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run is.

    Attributes:
        fraction: In [0, 1].
        images_per_second: Images per second.
        message: The latest result, in words.
    """

    fraction: float
    images_per_second: float
    message: str

    @classmethod
    def of_step(cls, state: TrainingState, n_steps: int, n_epochs: int, speed: Speed) -> "Progress":
        """Progress within an epoch."""
        fraction = (state.epoch + state.step / n_steps) / n_epochs
        return cls(
            fraction=fraction,
            images_per_second=speed.images_per_second,
            message=f"epoch {min(state.epoch + 1, n_epochs)}/{n_epochs}{_score(state)}",
        )

    @classmethod
    def of_epoch(cls, state: TrainingState, n_epochs: int) -> "Progress":
        """Progress after a whole epoch."""
        return cls(
            fraction=state.epoch / n_epochs,
            images_per_second=state.speed.images_per_second,
            message=f"epoch {state.epoch}/{n_epochs}{_score(state)}",
        )


def _score(state: TrainingState) -> str:
    return f", best validation mAP {state.best_score:.3f}" if state.best_epoch else ""


class Stopwatch:
    """Times an iterable of batches: how much of the time is spent waiting for the next one."""

    def __init__(self, *, n_images: int) -> None:
        self._n_images = n_images
        self._n_batches = 0
        self._waited = 0.0
        self._started = time.perf_counter()

    def timed(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield every batch, noting the time until it came."""
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            self._waited += time.perf_counter() - asked
            if batch is None:
                return
            self._n_batches += 1
            yield batch

    def speed(self) -> Speed:
        """Speed since the start, the step under way included."""
        elapsed = max(time.perf_counter() - self._started, 1e-9)
        images = self._n_batches * self._n_images
        return Speed(images / elapsed, min(self._waited / elapsed, 1.0))


class LossMeter:
    """Sums the named losses of an epoch on their device, without waiting for it at every step."""

    def __init__(self, sums: dict[str, float], n_steps: int) -> None:
        self._sums = {
            name: torch.tensor(total, dtype=torch.float64) for name, total in sums.items()
        }
        self._n_steps = n_steps

    def add(self, losses: dict[str, Tensor]) -> None:
        """Add the scalar losses of one step."""
        for name, value in losses.items():
            total = self._sums.get(name, torch.zeros((), dtype=torch.float64))
            self._sums[name] = total.to(value.device) + value.double()
        self._n_steps += 1

    def checked_sums(self, epoch: int, step: int) -> dict[str, float]:
        """Sums so far, as numbers, averaged over processes.

        Raises:
            FloatingPointError: If a loss was NaN or infinite.
        """
        self._sums = {
            name: distributed.mean_over_processes(value) for name, value in self._sums.items()
        }
        sums = {name: float(value) for name, value in self._sums.items()}
        bad = [name for name, value in sums.items() if not math.isfinite(value)]
        if bad:
            raise FloatingPointError(
                f"The loss {' and '.join(bad)} became NaN or infinite in epoch {epoch + 1}, by "
                f"step {step}. Lower the learning rate, or set --teacher.clip_norm / "
                "--student.clip_norm; the last checkpoint is from before it."
            )
        return sums

    def means(self) -> dict[str, float]:
        """Mean of every loss over the steps so far."""
        return {name: float(value) / self._n_steps for name, value in self._sums.items()}


class StopRequest:
    """Turns SIGTERM and Ctrl-C into a wish that the loop grants at the end of a step."""

    def __init__(self) -> None:
        self._signal: int | None = None
        self._before: dict[int, Any] = {}
        self._calls, self._due = 0, 1  # calls since the processes last agreed; at which they do
        self._agreed = time.perf_counter()

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        before = self._before.get(self._signal or 0)
        if kind is None and callable(before):
            before(self._signal, None)  # it came too late for the loop

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signal = number

    def asked(self, *, now: bool = False) -> bool:
        """Whether any process was asked to stop.

        Several processes tell each other about every ``AGREE_EVERY`` seconds, counted in calls
        that all make alike: a signal reaches each of them at another moment.

        Args:
            now: Whether they tell each other at this call in any case.
        """
        if distributed.world_size() == 1:
            return self._signal is not None
        self._calls += 1
        if not now and self._calls < self._due:
            return False
        seconds = (time.perf_counter() - self._agreed) / self._calls
        told = torch.tensor([float(self._signal is not None), seconds], dtype=torch.float64)
        asked, slowest = distributed.max_over_processes(told).tolist()
        # what follows may take longer than what was before, so never trust in many calls
        self._due = 1 if now else min(max(int(AGREE_EVERY / slowest), 1), MOST_CALLS)
        self._calls, self._agreed = 0, time.perf_counter()
        return bool(asked > 0)
