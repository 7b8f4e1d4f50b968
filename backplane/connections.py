"""The TCP connections of a backplane's two ports, as libzmq's socket monitors report them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import zmq

from banyan.transport import sockets, tcp

PUBLISHERS: Final = "publishers"
SUBSCRIBERS: Final = "subscribers"
"""The two ports, by who connects to them."""

UNKNOWN: Final = b""
"""In place of a key: admitted, but it could not be found out with which."""

_SENT_WITHOUT: Final = 64
"""Bytes that somebody hears before he is let in, without keys: a greeting (ZMTP 3.1, RFC 37)."""

_SENT_WITH_KEYS: Final = 64 + 170 + 12
"""Bytes a CURVE server sends at most to a client that it does not let in: greeting, WELCOME and
ERROR (ZMTP 3.1, RFC 37; CurveZMQ, RFC 26). To one that it lets in READY, which is longer."""

_REFUSED: Final = (
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_EVENTS: Final = (
    zmq.EVENT_ACCEPTED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_MONITOR_STOPPED
    | _REFUSED
)
"""Not EVENT_ACCEPT_FAILED: without descriptors libzmq fails a hundred thousand times a second, and
to read of that would keep us from ending connections (measured: for four seconds)."""


@dataclass(slots=True, eq=False)
class Connection:
    """One connection: its descriptor, who reported it, from where it came, and since when.

    `key` is the public key it was let in with, or UNKNOWN; None before that, and where there are
    no keys; `name` is what libzmq calls it since. The rest belongs to the guard.
    """

    descriptor: int
    monitor: Monitor
    peer: tuple[str, int]
    since: float
    key: bytes | None = None
    name: str = ""
    kept_up_at: int | None = None
    """Memory in use when nothing waited for it in the kernel."""
    received: int | None = None
    received_before: int = 0
    """Bytes it has sent us, and had when nothing of what publishers sent was kept."""
    acknowledged: int = 0
    progress: int = 0
    """Bytes that its end has taken, in all and between the last two looks."""
    cut: bool = False
    gone: bool = False
    doubtful: bool = False
    """Whether it may be another's key that it seems to have come in with."""

    @property
    def port(self) -> str:
        """PUBLISHERS or SUBSCRIBERS."""
        return self.monitor.port

    def flow(self) -> tcp.Flow | None:
        """Return what has gone through it; None if it is gone, or where no system tells."""
        return tcp.flow(self.descriptor)

    def __str__(self) -> str:
        return f"{self.peer[0]} port {self.peer[1]}"


@dataclass(slots=True)
class Tally:
    """What has happened at one port since the start."""

    accepted: int = 0
    joined: int = 0
    """Of those: they spoke the protocol and were let in."""
    refused: int = 0
    without_key: int = 0
    """Of those refused: they came without keys where keys are asked for, or with where not."""
    left: int = 0


@dataclass(slots=True)
class Connections:
    """Everybody who is connected; written by one thread, read by any."""

    tallies: dict[str, Tally] = field(
        default_factory=lambda: {PUBLISHERS: Tally(), SUBSCRIBERS: Tally()}
    )
    room: int = sys.maxsize
    """How many there may be; whoever comes then is turned away."""
    turned_away: int = 0
    _by_descriptor: dict[int, Connection] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_descriptor.values()))

    def __len__(self) -> int:
        return len(self._by_descriptor)

    def count(self, port: str) -> int:
        """Return how many are connected to one port."""
        return sum(connection.port == port for connection in self)

    def cut(self, connection: Connection) -> bool:
        """End a connection; whether it was there to be ended."""
        connection.cut = True
        return tcp.cut(connection.descriptor, connection.peer)

    def note(self, monitor: Monitor, event: int, value: int) -> None:
        """Take in one event of a monitor."""
        tally = self.tallies[monitor.port]
        if event == zmq.EVENT_ACCEPTED:
            tally.accepted += 1
            self._enter(monitor, value)
        elif event == zmq.EVENT_DISCONNECTED:
            tally.left += 1
            self._leave(monitor, value)
        elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            tally.joined += 1
        elif event & _REFUSED:
            tally.refused += 1
            tally.without_key += value == zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH

    def forget(self, monitor: Monitor) -> None:
        """Take note that a listening socket was closed, and all its connections with it."""
        for connection in self:
            if connection.monitor is monitor:
                connection.gone = True
                del self._by_descriptor[connection.descriptor]

    def _enter(self, monitor: Monitor, descriptor: int) -> None:
        peer = tcp.peer(descriptor)
        if peer is None:
            return  # gone already: libzmq notices by itself
        entry = Connection(descriptor, monitor, peer, time.monotonic())
        self._by_descriptor[descriptor] = entry
        if len(self) > self.room:
            self.turned_away += 1
            self.cut(entry)

    def _leave(self, monitor: Monitor, descriptor: int) -> None:
        """Forget a connection, unless its descriptor is another one's by now.

        The two ports report independently of each other: that the descriptor was used again may
        be read before that it had become free.
        """
        entry = self._by_descriptor.get(descriptor)
        if entry is not None and entry.monitor is monitor:
            entry.gone = True
            del self._by_descriptor[descriptor]


def admitted(flow: tcp.Flow | None, *, keys: bool) -> bool:
    """Tell from its figures that a connection was let in; False if that is unknown."""
    return flow is not None and flow.sent > (_SENT_WITH_KEYS if keys else _SENT_WITHOUT)


class Monitor:
    """Reads what libzmq reports of one listening socket; made by the thread that owns that."""

    def __init__(self, socket: zmq.Socket[Any], port: str) -> None:
        self.port = port
        self.socket = sockets.open_monitor(socket, _EVENTS)

    def read(self, connections: Connections) -> bool:
        """Note all that was reported; False once the socket is closed, which ends the reports."""
        while True:
            try:
                event, value = sockets.read_report(self.socket)
            except zmq.Again:
                return True
            if event == zmq.EVENT_MONITOR_STOPPED:
                connections.forget(self)
                self.socket.close()
                return False
            connections.note(self, event, value)
