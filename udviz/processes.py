"""This process among others: its cores and memory, and which one of several it is."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's `mallopt`
_LARGEST = 2**25  # bytes: the most that its second threshold may be


def usable_cores() -> int:
    """Cores that this process may use: a job of a cluster often has fewer than the machine."""
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_memory() -> int:
    """Bytes of memory that this process may use: those of the machine, or of its control group."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(machine, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return machine


def keep_freed_memory() -> None:
    """Have what one step frees be there for the next, where that is left to glibc.

    It would be given back to the system, and come back page by page: up to a tenth of a step of
    training, and half of an analysis by a worker whose Dask sets ``MALLOC_TRIM_THRESHOLD_``.
    """
    with suppress(OSError, AttributeError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGEST)
        library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def n_processes() -> int:
    """Processes that were started together; 1 when alone."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this process writes the files: the first of several, or the only one."""
    return n_processes() <= 1 or os.environ["RANK"] == "0"
