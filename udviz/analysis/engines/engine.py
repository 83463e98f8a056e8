"""What runs the jobs of an analysis: an executor of `concurrent.futures`, whoever brings it."""

import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from types import ModuleType
from typing import Protocol

import pandas as pd
from threadpoolctl import threadpool_limits

Tables = dict[str, pd.DataFrame]  # name -> rows of it
Call = Callable[[], Tables]
Note = Callable[[int, Tables], None]
_STARTED, _PER_IMAGE_AND_RUN = 2**28, 140  # bytes; `bench_growth` measures them


class Engine(Protocol):
    """Runs calls that do not depend on each other."""

    @property
    def told(self) -> str:
        """What works on the calls, in words."""
        ...

    def run(self, calls: Mapping[int, Call], note: Note) -> None:
        """Run all; what ``note`` raises ends those that go on.

        Args:
            calls: What to run, by number, the longest first.
            note: Called here with the number of each and what it gave, as they end.
        """
        ...


def memory_of(n_images: int, n_runs: int) -> int:
    """Bytes that a process of an analysis takes at most, besides pages of mapped files.

    Args:
        n_images: Of the largest split.
        n_runs: Of all models.
    """
    return _STARTED + _PER_IMAGE_AND_RUN * n_images * n_runs


def complete(
    pool: Executor, calls: Mapping[int, Call], run: Callable[[Call], Tables], note: Note
) -> None:
    """``run`` each call in ``pool``, and ``note`` what comes.

    Raises:
        CancelledError: If the pool has given a call up.
        Exception: The first error of a call.
    """
    with _program_hidden():
        places = {pool.submit(run, call): place for place, call in calls.items()}
    for future in as_completed(places):
        note(places[future], future.result())


def alone(call: Call) -> Tables:
    """Do it in one thread.

    Products of matrices this small lose more by waking others than they gain, above all where the
    machine has something else to do.
    """
    with threadpool_limits(1):
        return call()


@contextmanager
def _program_hidden() -> Iterator[None]:
    """Keep new processes from importing the program that starts them, PyTorch and all.

    `multiprocessing` has each of them import the ``__main__`` of its parent, in case functions to
    call are defined there. Those of jobs never are, and half a gigabyte a process is a lot.
    """
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program
