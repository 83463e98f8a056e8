"""This process among others: how many cores it may use, and which one of several it is."""

import os
from pathlib import Path


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


def n_processes() -> int:
    """Processes that were started together; 1 when alone."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this process writes the files: the first of several, or the only one."""
    return n_processes() <= 1 or os.environ["RANK"] == "0"
