"""Ports nobody listens on."""

from __future__ import annotations

import random
import socket
from typing import Final

_RANGE: Final = range(20_000, 32_000)
"""Below Linux's ephemeral ports (32768 ..): no outgoing connection takes one of these meanwhile."""

_given: set[int] = set()


def free_port() -> int:
    """Return a port nobody listens on; never the same one twice in a test run."""
    while True:
        port = random.choice(_RANGE)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def free_ports(count: int = 2) -> tuple[int, ...]:
    """Return several free ports; two make a publisher and a subscriber port."""
    return tuple(free_port() for _ in range(count))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
