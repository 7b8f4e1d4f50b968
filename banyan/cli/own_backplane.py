"""A backplane of a command's own, on free ports of this machine: its users need not start one."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final

from banyan.cli.children import Child, Children

ADDRESS: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a backplane is."""

    address: str
    publisher_port: int
    subscriber_port: int

    def __str__(self) -> str:
        return (
            f"{self.address}, port {self.publisher_port} (to publish) and"
            f" {self.subscriber_port} (to subscribe)"
        )

    @property
    def options(self) -> tuple[object, ...]:
        """What brings a component there."""
        return ("-b", self.address, *self.ports)

    @property
    def ports(self) -> tuple[object, ...]:
        """The ports as all programs take them."""
        return ("-p", self.publisher_port, "-s", self.subscriber_port)


def free_place() -> Place:
    """Return two ports of this machine that nobody listens on."""
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind((ADDRESS, 0))
        return Place(ADDRESS, one.getsockname()[1], other.getsockname()[1])


def start(children: Children, place: Place) -> Child:
    """Start a backplane; it ends with the other children."""
    return children.start("backplane", "--bind", place.address, *place.ports)


def wait_for(children: Children, place: Place) -> None:
    """Return when a backplane that was started answers; raises as `Children.wait_until`."""
    children.wait_until(lambda: _answers(place), "no backplane answers")


def _answers(place: Place) -> bool:
    from banyan.transport import discovery

    ports = place.publisher_port, place.subscriber_port
    return all(discovery.greeting(place.address, port, 0.5) == discovery.ANSWERS for port in ports)
