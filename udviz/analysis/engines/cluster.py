"""The jobs of an analysis on a Dask cluster that is there already."""

import hashlib
import importlib.metadata
import logging
import pickle
import platform
import socket
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from udviz.analysis.engines.engine import Call, Calls, Memory, Note, alone, complete
from udviz.checks import shown
from udviz.installation import install_command
from udviz.processes import keep_freed_memory

CONNECT = 10  # seconds to reach a scheduler, and to wait for its first worker
CLOSE = 1  # seconds to take leave of it
NEAR = 1  # seconds to reach a worker
PACKAGES = ("numpy", "pandas", "scipy")  # results depend on


@dataclass(frozen=True)
class DaskEngine:
    """The workers of a Dask cluster, which see the study's folder at the same place.

    Attributes:
        address: Of its scheduler, as ``tcp://host:8786``. What it sends is unpickled.
    """

    address: str

    def told(self, memory: Memory) -> str:
        """What works on the calls, and the memory that it may take, in words."""
        return f"workers of {shown(self.address)}, {memory.told}"

    def run(self, calls: Calls, note: Note) -> None:
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
            first, *_ = self._checked_workers(client)
            client.direct_to_workers = _reachable(distributed, first)
            pool, expected = client.get_executor(pure=False), software()

            def submit(call: Call) -> Future[Any]:
                # packed, or the scheduler would import, for seconds, all that a call names
                future: Future[Any] = pool.submit(_checked, pickle.dumps(call), expected=expected)
                return future

            complete(submit, calls, note)
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

    def _checked_workers(self, client: Any) -> list[str]:
        """Addresses of the workers, at least one, if they can be used."""
        try:
            client.wait_for_workers(1, timeout=CONNECT)
        except TimeoutError as error:
            raise ConnectionError(
                f"The Dask scheduler at {shown(self.address)} must have a worker, got none within "
                f"{CONNECT} s. Start some with: dask worker {shown(self.address)} --nthreads 1"
            ) from error
        n_threads = client.nthreads()
        if several := {name: n for name, n in n_threads.items() if n > 1}:
            name, n = next(iter(several.items()))
            raise ValueError(
                f"Workers must have one thread each, as an analysis is not made for several in one "
                f"process, got {n} at {shown(name)}. Start them with --nthreads 1 --nworkers {n}."
            )
        return list(n_threads)


@cache
def software() -> dict[str, str]:
    """Versions of all that results depend on; of udviz a digest, as a checkout may have changed."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    digest, root = hashlib.blake2b(digest_size=6), Path(__file__).parents[2]
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return {"udviz": digest.hexdigest(), "python": platform.python_version(), **versions}


def _reachable(distributed: Any, worker: str) -> bool:
    """Whether results can come from a worker itself, and not by way of the scheduler."""
    place = distributed.comm.get_address_host_port(worker)
    try:
        socket.create_connection(place, timeout=NEAR).close()
    except OSError:  # behind a network that only the scheduler sees
        return False
    return True


def _distributed() -> Any:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"--analysis.engine dask needs Dask, which is not installed: {install_command('dask')}"
        ) from error
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # a loss is told here
    return distributed


def _checked(packed: bytes, *, expected: dict[str, str]) -> Any:
    """Run a pickled call `alone`, if all that results depend on is as ``expected`` here."""
    if other := next((name for name in expected if software()[name] != expected[name]), ""):
        raise ValueError(
            f"Workers must have the versions that are here, got {other} {software()[other]} on "
            f"{platform.node()} and {expected[other]} here. Install the same and start them again."
        )
    keep_freed_memory()  # Dask has its workers give it back
    return alone(pickle.loads(packed))
