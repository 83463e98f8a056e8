"""The independent parts of an analysis, spread over all cores."""

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from udviz.processes import usable_cores

ONE_PROCESS_UP_TO = 20_000_000  # cells of a split; starting others takes longer than the work

Tables = dict[str, pd.DataFrame]  # name -> rows of it


@dataclass(frozen=True, eq=False, kw_only=True)
class Job:
    """A call that does not depend on the others.

    Attributes:
        name: What it finds, for the progress display.
        function: Gives rows of one or more tables.
        arguments: Of the function.
    """

    name: str
    function: Callable[..., Tables]
    arguments: tuple[Any, ...]

    def run(self) -> Tables:
        """Do it."""
        return self.function(*self.arguments)


def run_jobs(
    jobs: Sequence[Job], *, n_processes: int, advance: Callable[[float, str], None]
) -> Tables:
    """Run ``jobs`` and join the rows of each table in the order of the jobs.

    Each computes in one thread: products of matrices this small lose more by waking others than
    they gain, above all where the machine has something else to do.

    Args:
        jobs: What to run, the longest first.
        n_processes: How many at once; 1 runs them here.
        advance: Called with the share that is done, in [0, 1], and what was done last.
    """
    results: dict[int, Tables] = {}

    def note(place: int, found: Tables) -> None:
        results[place] = found
        advance(len(results) / len(jobs), jobs[place].name)

    if n_processes == 1:
        with threadpool_limits(1):
            for place, job in enumerate(jobs):
                note(place, job.run())
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            n_processes, mp_context=context, initializer=threadpool_limits, initargs=(1,)
        ) as pool:
            with _program_hidden():
                places = {pool.submit(job.run): place for place, job in enumerate(jobs)}
            for future in as_completed(places):
                note(places[future], future.result())
    names = dict.fromkeys(name for place in sorted(results) for name in results[place])
    return {
        name: pd.concat(
            [results[place][name] for place in sorted(results) if name in results[place]],
            ignore_index=True,
        )
        for name in names
    }


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


def processes_for(n_cells: int) -> int:
    """How many processes are worth while for splits of up to ``n_cells`` images times labels."""
    return 1 if n_cells <= ONE_PROCESS_UP_TO else usable_cores()
