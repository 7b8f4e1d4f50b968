"""Ports of this machine: free ones, and whether somebody listens."""

from __future__ import annotations

import random
import socket
from typing import Final

from banyan.transport.discovery import lan_address

_RANGE: Final = range(20_000, 32_000)
"""Below Linux's ephemeral ports (32768 ..): no outgoing connection takes one of these meanwhile."""

_CONNECT_TIMEOUT_S: Final = 0.2


def free_ports(count: int) -> tuple[int, ...]:
    """Return so many different ports that nobody listens on."""
    ports: set[int] = set()
    while len(ports) < count:
        port = random.choice(_RANGE)  # noqa: S311 - no secret
        if _is_free(port):
            ports.add(port)
    return tuple(ports)


def accepts(port: int) -> bool:
    """Return whether somebody accepts connections, on loopback or else on the LAN address."""
    return any(_accepts(address, port) for address in ("127.0.0.1", lan_address()))


def _accepts(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(_CONNECT_TIMEOUT_S)
        return probe.connect_ex((address, port)) == 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
