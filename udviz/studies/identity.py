"""Which process is meant: a pid alone may belong to another one after a while or a reboot."""

import os
from functools import cache
from pathlib import Path

import psutil

PROC = Path("/proc")
LEADER = "UDVIZ_LEADER"  # environment variable: pid of the process that leads several
MEETING = "UDVIZ_MEETING"  # and the file through which they find each other
_DEAD = {"Z", "X"}  # a zombie, or what is left of one


def own_pid() -> int:
    """Pid of the process to signal if this one is to end: the one that leads several."""
    if "TORCHELASTIC_RUN_ID" in os.environ:  # under torchrun its agent
        return os.getppid()
    return int(os.environ.get(LEADER, os.getpid()))


def start_mark(pid: int) -> str:
    """What tells the process that has ``pid`` now from all others that had it or will.

    On Linux this is the machine's boot and the clock ticks from it to the start of the process,
    neither of which moves when the clock is set; elsewhere the start time, which does.

    Returns:
        The mark; empty if there is no such process, or if it has ended and was not yet cleared.
    """
    if not (PROC / "self" / "stat").is_file():
        return _portable_mark(pid)
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the name before it may hold blanks
    return "" if fields[0] in _DEAD else f"{_boot()}:{fields[19]}"


@cache
def _boot() -> str:
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _portable_mark(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return "" if ended else f"{process.create_time():.2f}"
    except (psutil.Error, ValueError):
        return ""
