"""Where a program and all that it started listen, as the kernel says."""

import contextlib
from ipaddress import ip_address

import psutil


def listening(pid: int) -> set[tuple[str, int]]:
    """Address and port of every TCP socket that the process tree of ``pid`` listens on."""
    found = set()
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                sockets = process.net_connections("inet")
                found |= {(s.laddr.ip, s.laddr.port) for s in sockets if s.status == "LISTEN"}
    return found


def reachable_from_elsewhere(pid: int) -> set[tuple[str, int]]:
    """Those that another machine can reach."""
    return {place for place in listening(pid) if not ip_address(place[0]).is_loopback}
