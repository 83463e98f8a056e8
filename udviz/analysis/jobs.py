"""The independent parts of an analysis, spread over all cores."""

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from udviz.predictions.cache import Predictions, open_predictions
from udviz.processes import usable_cores

ONE_PROCESS_UP_TO = 20_000_000  # cells of a split; starting others takes longer than the work

Tables = dict[str, pd.DataFrame]  # name -> rows of it


@dataclass(frozen=True, eq=False, kw_only=True)
class SplitPredictions:
    """Predictions of all runs of a study on one split, by role.

    Attributes:
        split: Its name.
        directories: Role -> the caches of its runs, in the order of their seeds.
        by_role: Role -> those caches, opened.
    """

    split: str
    directories: dict[str, list[Path]]
    by_role: dict[str, list[Predictions]]

    @classmethod
    def open(cls, split: str, directories: dict[str, list[Path]]) -> "SplitPredictions":
        """Open the caches; their arrays are read when they are used."""
        by_role = {
            role: [open_predictions(directory) for directory in of_role]
            for role, of_role in directories.items()
        }
        return cls(split=split, directories=directories, by_role=by_role)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the files itself; their content does not travel."""
        return SplitPredictions.open, (self.split, self.directories)

    @property
    def targets(self) -> np.ndarray:
        """(N, L) targets, the same for all runs."""
        return self.by_role["teacher"][0].targets

    @property
    def label_names(self) -> tuple[str, ...]:
        """The L labels."""
        return self.by_role["teacher"][0].label_names

    @property
    def has_gain(self) -> bool:
        """Whether there is a distilled student to compare with its baseline."""
        return "distilled" in self.by_role

    def logits(self, role: str) -> list[np.ndarray]:
        """(N, L) logits of every run of a role."""
        return [run.logits for run in self.by_role[role]]


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
        for place, job in enumerate(jobs):
            note(place, job.run())
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(n_processes, mp_context=context) as pool:
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
