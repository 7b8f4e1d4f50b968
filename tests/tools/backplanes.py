"""A backplane as a process on free ports."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from banyan.transport import discovery
from tools.ports import free_port
from tools.programs import Program, eventually


@dataclass(frozen=True)
class Backplane:
    """A running backplane."""

    publisher_port: int
    subscriber_port: int
    program: Program
    address: str = "127.0.0.1"

    @property
    def arguments(self) -> list[object]:
        """Return the options that bring a component to this backplane."""
        return ["-b", self.address, "-p", self.publisher_port, "-s", self.subscriber_port]

    @property
    def keywords(self) -> dict[str, str]:
        """Return the constructor arguments that bring a component to this backplane."""
        return {
            "back_plane_ip_address": self.address,
            "publisher_port": str(self.publisher_port),
            "subscriber_port": str(self.subscriber_port),
        }


@contextmanager
def running_backplane(
    *arguments: object, publisher_port: int | None = None, subscriber_port: int | None = None
) -> Iterator[Backplane]:
    """Run `python -m backplane` on free (or the given) ports, from when it answers on both."""
    ports = publisher_port or free_port(), subscriber_port or free_port()
    command = (sys.executable, "-m", "backplane", "-p", ports[0], "-s", ports[1], *arguments)
    with Program(*command) as program:
        eventually(
            lambda: all(_answers(program, port) for port in ports), what="the backplane answers"
        )
        yield Backplane(*ports, program)


def _answers(program: Program, port: int) -> bool:
    assert program.running, program.report()
    return discovery.greeting("127.0.0.1", port, 1.0) in (discovery.ANSWERS, discovery.ASKS_FOR_KEY)
