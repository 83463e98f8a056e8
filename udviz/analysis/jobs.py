"""The independent parts of an analysis, in blocks of labels, and their join."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Call, Calls, Engine, Name, Tables, alone

MOST_LABELS, LEAST_LABELS, BLOCKS = 64, 8, 4  # of a block; how many of these few labels make


class Part(Protocol):
    """What was found of a block of labels."""

    def extend(self, other: Self) -> None:
        """Take in what was found of the labels that come next."""
        ...


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

    def calls(self) -> list[Call]:
        """What is to be done."""
        return [partial(self.function, *self.arguments)]

    def join(self, found: Tables) -> Tables:
        """The rows, as they were found."""
        return found


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelJob:
    """A call for every block of labels, and the join of what they find.

    Attributes:
        name: What it finds, for the progress display.
        n_labels: Number L of labels.
        part: From a block of labels to its `Part`.
        join: From the `Part` of all labels to rows of tables.
        prepare: Finds what each block needs to know of all labels; ``part`` and ``join`` are
            given it, too. None if nothing.
    """

    name: str
    n_labels: int
    part: Callable[..., Part]
    join: Callable[..., Tables]
    prepare: Call | None = None

    def calls(self, *prepared: Any) -> list[Call]:
        """What is to be done, once that is ``prepared``."""
        return [partial(self.part, block, *prepared) for block in label_blocks(self.n_labels)]


class _Running:
    """A job on its way.

    Attributes:
        job: The job.
        size: Calls that it makes in all.
        tables: What it found; None until all calls are done.
    """

    _PREPARED = -1  # number of the call that prepares

    def __init__(self, job: Job | LabelJob) -> None:
        self.job = job
        self.tables: Tables | None = None
        self._prepare = job.prepare if isinstance(job, LabelJob) else None
        self._prepared: tuple[Any, ...] = ()
        self._n_parts = len(job.calls())
        self._found: dict[int, Any] = {}  # parts whose turn has not come
        self._joined: Any = None
        self._next = 0
        self.size = self._n_parts + (self._prepare is not None)

    def first(self) -> dict[int, Call]:
        """The calls to begin with, by number."""
        return {self._PREPARED: self._prepare} if self._prepare else self._parts()

    def take(self, number: int, result: Any) -> dict[int, Call]:
        """Take in what a call gave; the calls that follow from it."""
        if number == self._PREPARED:
            self._prepared = (result,)
            return self._parts()
        self._found[number] = result
        while self._next in self._found:  # in their order, whichever came first
            part = self._found.pop(self._next)
            if self._next == 0:
                self._joined = part
            else:
                self._joined.extend(part)
            self._next += 1
        if self._next == self._n_parts:
            self.tables = alone(partial(self.job.join, self._joined, *self._prepared))
            self._joined = None
        return {}

    def _parts(self) -> dict[int, Call]:
        return dict(enumerate(self.job.calls(*self._prepared)))


def label_blocks(n_labels: int) -> list[range]:
    """Blocks of nearly equal size, the same wherever they are worked on."""
    fewest = -(-n_labels // MOST_LABELS)
    n_blocks = max(1, fewest, min(BLOCKS, n_labels // LEAST_LABELS))
    ends = np.linspace(0, n_labels, n_blocks + 1).astype(int).tolist()
    return [range(*pair) for pair in pairwise(ends)]


def run_jobs(
    jobs: Sequence[Job | LabelJob], *, engine: Engine, advance: Callable[[float, str], None]
) -> Tables:
    """Run ``jobs`` and join the rows of each table in the order of the jobs.

    Args:
        jobs: What to run, the longest first.
        engine: Where.
        advance: Called with the share that is done, in [0, 1], and what was done last.
    """
    running = [_Running(job) for job in jobs]
    n_calls, n_done = sum(job.size for job in running), 0

    def named(place: int, calls: dict[int, Call]) -> Calls:
        return {(place, number): call for number, call in calls.items()}

    def note(name: Name, result: Any) -> Calls:
        nonlocal n_done
        n_done += 1
        place, number = name
        following = running[place].take(number, result)
        advance(n_done / n_calls, running[place].job.name)
        return named(place, following)

    first = [named(place, job.first()) for place, job in enumerate(running)]
    engine.run({name: call for calls in first for name, call in calls.items()}, note)
    results = [job.tables or {} for job in running]
    names = dict.fromkeys(name for tables in results for name in tables)
    return {
        name: pd.concat(
            [tables[name] for tables in results if name in tables],
            ignore_index=True,
        )
        for name in names
    }
