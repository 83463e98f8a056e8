"""Names that a browser gives this app. A page that rebinds its own name to it sends that name."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit


def host_name(host: str) -> str:
    """The name in a ``Host`` header, lower case, without port and brackets; empty if malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises where it is no number
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.netloc == host and "@" not in host else ""


def is_loopback(name: str | None) -> bool:
    """Whether only this machine can reach a server of that name; None binds to all."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False


def is_known(host: str, allowed: Collection[str]) -> bool:
    """Whether a ``Host`` header names this machine itself, or one of the ``allowed`` names."""
    name = host_name(host)
    return is_loopback(name) or name in {other.strip().lower() for other in allowed}


def is_same_origin(origin: str, host: str, trusted: Collection[str] = ()) -> bool:
    """Whether a page of ``origin`` is one of the server that it calls ``host``, port included."""
    return origin in trusted or origin in (f"http://{host}", f"https://{host}")
