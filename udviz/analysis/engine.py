"""Where the jobs of an analysis run: here, in processes of this machine, or on a Dask cluster."""

import importlib.metadata
import logging
import multiprocessing
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType
from typing import Any, Protocol

import pandas as pd
from threadpoolctl import threadpool_limits

from udviz.checks import shown
from udviz.installation import code_version, install_command
from udviz.processes import usable_cores

ONE_PROCESS_UP_TO = 20_000_000  # cells of a split; starting others takes longer than the work
STARTS = 2  # of a job whose process died; a second death is no chance
CONNECT = 10  # seconds to reach a scheduler, and to wait for its first worker
CLOSE = 1  # seconds to take leave of it
PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn")  # results depend on

Tables = dict[str, pd.DataFrame]  # name -> rows of it
Call = Callable[[], Tables]
Note = Callable[[int, Tables], None]


class Engine(Protocol):
    """Runs calls that do not depend on each other."""

    def run(self, calls: Mapping[int, Call], note: Note) -> None:
        """Run all; what ``note`` raises ends those that go on.

        Args:
            calls: What to run, by number, the longest first.
            note: Called here with the number of each and what it gave, as they end.
        """
        ...


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine; a single one is this process.

    Attributes:
        n_processes: How many at once.
    """

    n_processes: int

    @classmethod
    def for_cells(cls, n_cells: int) -> "LocalEngine":
        """As many as are worth while for splits of up to ``n_cells`` images times labels."""
        return cls(1 if n_cells <= ONE_PROCESS_UP_TO else usable_cores())

    def run(self, calls: Mapping[int, Call], note: Note) -> None:
        """As `Engine.run`; what a process that died was to do is done again, once.

        Raises:
            RuntimeError: If processes die again.
        """
        if self.n_processes == 1:
            for place, call in calls.items():
                note(place, _alone(call))
            return
        missing = dict(calls)

        def done(place: int, tables: Tables) -> None:
            del missing[place]
            note(place, tables)

        for _ in range(STARTS):
            try:
                with _processes(self.n_processes) as pool:
                    _complete(pool, missing, _alone, done)
                return
            except BrokenProcessPool as error:
                died = error
        raise RuntimeError(
            f"Processes of the analysis died {STARTS} times, most often because memory ran out; "
            "nothing was written. Start it again on fewer cores (taskset -c 0) or with more memory."
        ) from died


@dataclass(frozen=True)
class DaskEngine:
    """The workers of a Dask cluster, which see the study's folder at the same place.

    Attributes:
        address: Of its scheduler, as ``tcp://host:8786``. What it sends is unpickled.
    """

    address: str

    def run(self, calls: Mapping[int, Call], note: Note) -> None:
        """As `Engine.run`; Dask does again what a worker that died was to do.

        Raises:
            ConnectionError: If the scheduler is not there, or goes away.
            ModuleNotFoundError: If Dask is not installed.
            RuntimeError: If one job ends worker after worker.
            ValueError: If workers have several threads, or are not of this version.
        """
        distributed = _distributed()
        try:
            client = distributed.Client(self.address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ConnectionError(
                f"--analysis.address must be that of a Dask scheduler, got {shown(self.address)}: "
                f"{shown(str(error))}. Start one with: dask scheduler"
            ) from error
        try:
            self._check_workers(client)
            run = partial(_checked, expected=software())
            _complete(client.get_executor(pure=False), calls, run, note)
        except CancelledError as error:
            raise ConnectionError(
                f"The Dask scheduler at {shown(self.address)} was lost; nothing was written. Start "
                "it again, then the analysis."
            ) from error
        except distributed.KilledWorker as error:
            raise RuntimeError(
                "Workers of the cluster died again and again, most often because memory ran out; "
                "nothing was written. Start them with more memory (--memory-limit)."
            ) from error
        finally:
            client.close(timeout=CLOSE)  # what is still to do is given up

    def _check_workers(self, client: Any) -> None:
        try:
            client.wait_for_workers(1, timeout=CONNECT)
        except TimeoutError as error:
            raise ConnectionError(
                f"The Dask scheduler at {shown(self.address)} must have a worker, got none within "
                f"{CONNECT} s. Start some with: dask worker {shown(self.address)} --nthreads 1"
            ) from error
        if several := {name: n for name, n in client.nthreads().items() if n > 1}:
            name, n = next(iter(several.items()))
            raise ValueError(
                f"Workers must have one thread each, as an analysis is not made for several in one "
                f"process, got {n} at {shown(name)}. Start them with --nthreads 1 --nworkers {n}."
            )


@cache
def software() -> dict[str, str]:
    """Versions of all that results depend on."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"udviz": code_version(), "python": platform.python_version(), **versions}


def _distributed() -> Any:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"--analysis.engine dask needs Dask, which is not installed: {install_command('dask')}"
        ) from error
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # a loss is told here
    return distributed


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


def _complete(
    pool: Executor, calls: Mapping[int, Call], run: Callable[[Call], Tables], note: Note
) -> None:
    with _program_hidden():
        places = {pool.submit(run, call): place for place, call in calls.items()}
    for future in as_completed(places):
        note(places[future], future.result())


def _checked(call: Call, *, expected: dict[str, str]) -> Tables:
    """`_alone`, if all that results depend on is as ``expected`` here."""
    if other := next((name for name in expected if software()[name] != expected[name]), ""):
        raise ValueError(
            f"Workers must have the versions that are here, got {other} {software()[other]} on "
            f"{platform.node()} and {expected[other]} here. Install the same and start them again."
        )
    return _alone(call)


def _alone(call: Call) -> Tables:
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
