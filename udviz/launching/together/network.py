"""Where the processes of a run listen: on this machine alone, or on the network that is named."""

import socket
from ipaddress import IPv4Network

import psutil

LOOPBACK = "127.0.0.0/8"
_PRIVATE = tuple(
    IPv4Network(text)
    for text in (
        *(LOOPBACK, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("169.254.0.0/16", "100.64.0.0/10"),  # of one link; behind a provider's own translation
    )
)


def check_network(text: str, *, public: bool, prefix: str = "--") -> IPv4Network:
    """The network that ``text`` names.

    Args:
        text: As ``10.1.0.0/16``.
        public: Whether a person answers for a network that anybody may reach.
        prefix: Of the flags that a refusal names.

    Raises:
        ValueError: If it is no IPv4 network, or not a private one.
    """
    flag = f"{prefix}network"
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise ValueError(
            f"{flag} must be the IPv4 network of the machines, as 10.1.0.0/16, got {text!r}. "
            "`ip -brief address` shows those of a machine."
        ) from error
    if not public and not any(network.subnet_of(private) for private in _PRIVATE):
        raise ValueError(
            f"{flag} must be private, as 10.1.0.0/16, got {network}: what the machines listen on "
            "asks nobody for a password. Name a private network, or set "
            f"{prefix}public where a firewall lets only these machines through."
        )
    return network


def interface_in(network: IPv4Network) -> str:
    """The network interface of this machine whose address lies in ``network``.

    An interface listens on its first IPv4 address, so that one counts.

    Raises:
        ValueError: If not exactly one does.
    """
    addresses = {
        name: next((a.address for a in found if a.family == socket.AF_INET), "")
        for name, found in psutil.net_if_addrs().items()
    }
    own = {name: text for name, text in addresses.items() if text}
    inside = [name for name, text in own.items() if IPv4Network(text).subnet_of(network)]
    if len(inside) != 1:
        shown = ", ".join(f"{name} {text}" for name, text in own.items())
        raise ValueError(
            f"One network interface of this machine must lie in {network}, got {len(inside)}. "
            f"It has {shown}. Name the network of one of them."
        )
    return inside[0]


def listening_only_on(interface: str) -> dict[str, str]:
    """Environment variables with which gloo and NCCL listen on ``interface`` and nowhere else."""
    return {
        "GLOO_SOCKET_IFNAME": interface,
        "NCCL_SOCKET_IFNAME": f"={interface}",  # without the sign, of every name that begins so
        "NCCL_SOCKET_FAMILY": "AF_INET",
        "NCCL_RAS_ENABLE": "0",  # else NCCL answers questions about its health on one more port
    }
