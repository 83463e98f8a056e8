"""What runs the jobs of an analysis: an executor of `concurrent.futures`, whoever brings it."""

import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
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
# bytes, as `tests.benchmarks.measure_memory` measures them: to start, and for an image and a run
_WORKING, _JOINING = (2**28, 140), (2**26, 180)
_JOINING_PER_CELL = 0.5


class Engine(Protocol):
    """Runs calls that do not depend on each other, and those that follow from what they gave."""

    def told(self, memory: "Memory") -> str:
        """What works on the calls, and the memory that it may take, in words."""
        ...

    def run(self, calls: Calls, note: Note) -> None:
        """Run all; what ``note`` raises ends those that go on.

        Args:
            calls: What to run, by name, the longest first.
            note: Called here with the name of each and what it gave, as they end; gives the calls
                that follow from it.
        """
        ...


@dataclass(frozen=True)
class Memory:
    """Bytes that an analysis takes at most, besides pages of mapped files.

    Attributes:
        each: Of a process that runs its calls.
        joined: Of the process that joins what they find, for that alone.
    """

    each: int
    joined: int

    @classmethod
    def of(cls, n_images: int, n_labels: int, *, n_runs: int) -> "Memory":
        """Of the largest split, and the runs of all models."""
        each, joined = (start + more * n_images * n_runs for start, more in (_WORKING, _JOINING))
        return cls(each, joined + int(_JOINING_PER_CELL * n_images * n_labels))

    @property
    def told(self) -> str:
        """That of several processes, in words."""
        each, joined = (f"{size / 2**30:.1f} GiB" for size in (self.each, self.joined))
        return f"up to {each} of memory each, and {joined} here, where results are joined"


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
