"""The independent parts of an analysis, and their join."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from udviz.analysis.engines.engine import Engine, Tables


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
    jobs: Sequence[Job], *, engine: Engine, advance: Callable[[float, str], None]
) -> Tables:
    """Run ``jobs`` and join the rows of each table in the order of the jobs.

    Args:
        jobs: What to run, the longest first.
        engine: Where.
        advance: Called with the share that is done, in [0, 1], and what was done last.
    """
    results: dict[int, Tables] = {}

    def note(place: int, tables: Tables) -> None:
        results[place] = tables
        advance(len(results) / len(jobs), jobs[place].name)

    engine.run({place: job.run for place, job in enumerate(jobs)}, note)
    names = dict.fromkeys(name for place in sorted(results) for name in results[place])
    return {
        name: pd.concat(
            [results[place][name] for place in sorted(results) if name in results[place]],
            ignore_index=True,
        )
        for name in names
    }
