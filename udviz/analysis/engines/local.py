"""The jobs of an analysis in this process, or in several of this machine."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from udviz.analysis.engines.engine import Calls, Memory, Name, Note, alone, complete
from udviz.processes import usable_cores, usable_memory

ONE_PROCESS_UP_TO = 20_000_000  # cells of a split; starting others takes longer than the work
MEMORY_SHARE = 0.5  # of the machine's that processes may take together
STARTS = 2  # of a job whose process died; a second death is no chance


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine; a single one is this process.

    Attributes:
        n_processes: How many at once.
    """

    n_processes: int

    @classmethod
    def for_split(cls, n_images: int, n_labels: int, *, n_runs: int) -> "LocalEngine":
        """As many as are worth while, and have room, for splits of up to this size."""
        if n_images * n_labels <= ONE_PROCESS_UP_TO:
            return cls(1)
        memory = Memory.of(n_images, n_labels, n_runs=n_runs)
        room = int((MEMORY_SHARE * usable_memory() - memory.joined) / memory.each)
        return cls(max(1, min(usable_cores(), room)))

    def told(self, memory: Memory) -> str:
        """What works on the calls, and the memory that it may take, in words."""
        if self.n_processes > 1:
            return f"{self.n_processes} processes, {memory.told}"
        return f"one process, up to {(memory.each + memory.joined) / 2**30:.1f} GiB of memory"

    def run(self, calls: Calls, note: Note) -> None:
        """As `Engine.run`; what a process that died was to do is done again, once.

        Raises:
            RuntimeError: If processes die again.
        """
        missing = dict(calls)

        def done(name: Name, result: Any) -> Calls:
            del missing[name]
            following = note(name, result)
            missing.update(following)
            return following

        if self.n_processes == 1:
            while missing:
                name, call = next(iter(missing.items()))
                done(name, alone(call))
            return
        for _ in range(STARTS):
            try:
                with _processes(self.n_processes) as pool:
                    complete(lambda call: pool.submit(alone, call), missing, done)
                return
            except BrokenProcessPool as error:
                died = error
        raise RuntimeError(
            f"Processes of the analysis died {STARTS} times, most often because memory ran out; "
            "nothing was written. Start it again on fewer cores (taskset -c 0) or with more memory."
        ) from died


@contextmanager
def _processes(n: int) -> Iterator[Executor]:
    """New processes; they are ended at once if it is left by an error."""
    others = {*multiprocessing.active_children()}
    pool = ProcessPoolExecutor(n, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    except BaseException:
        for process in {*multiprocessing.active_children()} - others:
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
