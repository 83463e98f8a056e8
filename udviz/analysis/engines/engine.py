"""What runs the jobs of an analysis: an executor of `concurrent.futures`, whoever brings it."""

import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Protocol, TypeVar

import pandas as pd
from threadpoolctl import threadpool_limits

Tables = dict[str, pd.DataFrame]  # name -> rows of it
Call = Callable[[], Any]
Name = tuple[int, int]  # of a call: its job, and which of its calls it is
Calls = Mapping[Name, Call]
Note = Callable[[Name, Any], Calls]
T = TypeVar("T")
_STARTED, _PER_IMAGE_AND_RUN = 2**28, 140  # bytes; `bench_growth` measures them


class Engine(Protocol):
    """Runs calls that do not depend on each other, and those that follow from what they gave."""

    @property
    def told(self) -> str:
        """What works on the calls, in words."""
        ...

    def run(self, calls: Calls, note: Note) -> None:
        """Run all; what ``note`` raises ends those that go on.

        Args:
            calls: What to run, by name, the longest first.
            note: Called here with the name of each and what it gave, as they end; gives the calls
                that follow from it.
        """
        ...


def memory_of(n_images: int, n_runs: int) -> int:
    """Bytes that a process of an analysis takes at most, besides pages of mapped files.

    Args:
        n_images: Of the largest split.
        n_runs: Of all models.
    """
    return _STARTED + _PER_IMAGE_AND_RUN * n_images * n_runs


def complete(submit: Callable[[Call], Future[Any]], calls: Calls, note: Note) -> None:
    """``submit`` each call to a pool, ``note`` what comes, and submit what follows from it.

    Raises:
        CancelledError: If the pool has given a call up.
        Exception: The first error of a call.
    """
    waiting: dict[Future[Any], Name] = {}

    def begin(more: Calls) -> None:
        with _program_hidden():
            waiting.update({submit(call): name for name, call in more.items()})

    begin(calls)
    while waiting:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            begin(note(waiting.pop(future), future.result()))


def alone(call: Callable[[], T]) -> T:
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
