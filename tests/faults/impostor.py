"""A server that plays a backplane and does what it likes with whoever connects."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Final, Self

from faults import zmtp

Script = Callable[[socket.socket], None]

_WAKE_S: Final = 0.1


class Impostor:
    """Two ports; what happens to a connection on each is written in a script."""

    def __init__(self, front: Script, back: Script) -> None:
        self._listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.place = "127.0.0.1", *(one.getsockname()[1] for one in self._listeners)
        self.done = threading.Event()
        """Set when a script has come to its end."""
        self.accepted = 0
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._listen, args=pair, daemon=True)
            for pair in zip(self._listeners, (front, back), strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(15)
        for listener in self._listeners:
            listener.close()

    def _listen(self, listener: socket.socket, script: Script) -> None:
        listener.settimeout(_WAKE_S)
        with zmtp.closing_all() as connections:
            while not self._ending.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    self.accepted += 1
                    connections.append(connection)
                    connection.settimeout(3)
                    with contextlib.suppress(OSError):
                        script(connection)


def polite(kind: str) -> Script:
    """Return a script that shakes hands as a backplane does, and then does nothing."""
    return lambda connection: zmtp.shake_hands(connection, kind)
