"""The bytes that come in for one subscriber socket: how many so far, and how to stop them.

libzmq does not say how much it holds unread. The kernel says how much arrived on a connection, on
Linux alone; elsewhere nothing ever seems to arrive.
"""

from __future__ import annotations

import contextlib
import os

from banyan.transport import tcp
from banyan.transport.watch import Connection, ConnectionWatch


class Inflow:
    """What arrives on the connections of a watched socket, one after the other.

    `arrived` is the sum of all connections as of the last `look`, in bytes: with what the kernel
    has not passed on to libzmq yet, without what a connection that was lost brought since.
    """

    def __init__(self, watch: ConnectionWatch, port: int) -> None:
        self.watch = watch
        self.arrived = 0
        self._port = port
        self._connection: Connection | None = None
        self._seen = 0
        self._cut: int | None = None

    def look(self) -> None:
        """Bring `arrived` up to date."""
        self._settle()
        self.watch.look()
        connection = self.watch.connection
        if connection is None:
            return
        received = _received(connection.descriptor)
        self.watch.look()
        if received is None or self.watch.connection != connection:
            return  # the descriptor may have been another's when it was read
        if connection != self._connection:
            self._connection, self._seen = connection, 0
        self._count(received)

    def cut(self) -> bool:
        """End the connection that the last `look` saw; libzmq makes a new one after 100 ms.

        Returns False if it is gone or was cut before. Only this socket loses by it: what the
        backplane publishes until the subscriptions are made again.
        """
        connection = self.watch.connection
        if connection is None or connection != self._connection or self._cut is not None:
            return False
        try:
            own = os.dup(connection.descriptor)
        except OSError:
            return False
        self.watch.look()
        whose = tcp.peer(own)
        ours = self.watch.connection == connection and whose is not None
        if ours and whose is not None and whose[1] == self._port and tcp.cut(own, whose):
            self._cut = own  # stays open until what libzmq still reads of it is known
            return True
        os.close(own)
        return False

    def close(self) -> None:
        """Give up what is held."""
        self._settle()

    def _settle(self) -> None:
        """Count the last bytes of a connection that was cut."""
        if self._cut is not None:
            own, self._cut = self._cut, None
            received = _received(own)
            os.close(own)
            if received is not None:
                self._count(received)

    def _count(self, received: int) -> None:
        self.arrived += max(0, received - self._seen)
        self._seen = received


def _received(descriptor: int) -> int | None:
    with contextlib.suppress(OSError):
        flow = tcp.flow(descriptor)
        return flow.received if flow is not None else None
    return None
