"""Which account of this machine is at the other end of a connection: loopback is open to all.

The kernel says so (`man 5 proc`, ``/proc/net/tcp``). Elsewhere than on Linux nobody does.
"""

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
ROOT = 0  # may do everything anyway, and forwards what comes from outside a virtual machine
_ESTABLISHED = "01"  # a socket that was closed has no owner any more: its line says 0
_LOCAL, _PEER, _STATE, _UID = 1, 2, 3, 7  # columns

Address = tuple[str, int]  # IP address and port


def is_own_peer(client: Address, server: Address) -> bool:
    """Whether a process of this account, or of root, holds the other end of a connection.

    Where the system does not tell (macOS), this machine counts as one person's.

    Args:
        client: The other end.
        server: This end.
    """
    tables = [table for table in TABLES if table.exists()]
    return not tables or account_of(client, server) in (os.getuid(), ROOT)


def account_of(client: Address, server: Address) -> int | None:
    """The user id that opened the connection from ``client``; None if there is no such one."""
    ends = _end(client), _end(server)
    for local, peer, state, uid in _connections(port=client[1]):
        if state == _ESTABLISHED and (_read(local), _read(peer)) == ends:
            return uid
    return None


def _connections(*, port: int) -> Iterator[tuple[str, str, str, int]]:
    """Local end, other end, state and user id of connections of this machine that have ``port``."""
    word = f":{port:04X} "  # picked out as text: there may be many thousand lines
    for table in TABLES:
        if table.exists():
            for line in table.read_text(encoding="ascii").splitlines()[1:]:
                if word in line:
                    fields = line.split()
                    yield fields[_LOCAL], fields[_PEER], fields[_STATE], int(fields[_UID])


def _end(address: Address) -> Address:
    """An address in one spelling: IPv4 that came in by IPv6 is IPv4."""
    ip = ipaddress.ip_address(address[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip), address[1]


def _read(text: str) -> Address:
    """An address of the table: words of 32 bits in the order of this machine, and the port."""
    words, port = text.split(":")
    packed = b"".join(bytes.fromhex(words[i : i + 8])[::-1] for i in range(0, len(words), 8))
    return _end((str(ipaddress.ip_address(packed)), int(port, 16)))
