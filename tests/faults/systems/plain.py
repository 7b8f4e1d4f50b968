"""A plain ZeroMQ proxy with default options, and pyzmq and msgpack as documented."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from faults.system import PROGRAMS, System


@dataclass(frozen=True, slots=True)
class Plain:
    """Nothing but `zmq.proxy(XSUB, XPUB)`."""

    key: str = "plain"
    title: str = "plain proxy"
    flavour: str = "plain"
    quiet: bool = False

    def missing(self) -> str:
        return ""

    def python(self) -> str:
        return sys.executable

    def backplane(
        self, publisher_port: int, subscriber_port: int, memory_limit_mb: int | None
    ) -> list[object]:
        return [sys.executable, PROGRAMS / "proxy.py", publisher_port, subscriber_port]

    def monitor(self, address: str, publisher_port: int, subscriber_port: int) -> list[object]:
        return []

    def address(self) -> str:
        return "127.0.0.1"


PLAIN: Final[System] = Plain()
