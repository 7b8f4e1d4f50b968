"""A TCP relay in front of a backplane that can fall silent without closing anything.

What an unplugged switch or a forgetful NAT does to a connection: both ends believe that it lives.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from types import TracebackType
from typing import Final, Self

_CHUNK: Final = 1 << 16
_WAKE_S: Final = 0.05


class Relay:
    """Carries connections to a port until they are forgotten; new ones are carried again."""

    def __init__(self, address: str, port: int) -> None:
        self._target = address, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._other: dict[socket.socket, socket.socket] = {}
        self._forgotten: list[socket.socket] = []
        self._ending = False
        self._forget, self._forgot = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def forget_connections(self) -> None:
        """Carry nothing more for those that are open, and tell neither end."""
        self._forget.set()
        self._forgot.wait(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending = True
        self._thread.join(5)
        for one in (self._listener, *self._other, *self._forgotten):
            one.close()
        self._selector.close()

    def _carry(self) -> None:
        while not self._ending:
            if self._forget.is_set():
                self._forget_now()
            for key, _ in self._selector.select(_WAKE_S):
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                if ready is self._listener:
                    self._accept()
                elif ready in self._other:
                    self._pass_on(ready)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(self._target, 5)
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            self._other[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, source: socket.socket) -> None:
        other = self._other[source]
        with contextlib.suppress(OSError):
            if data := source.recv(_CHUNK):
                other.sendall(data)
                return
        for one in (source, other):
            self._selector.unregister(one)
            del self._other[one]
            one.close()

    def _forget_now(self) -> None:
        self._forget.clear()
        for one in self._other:
            self._selector.unregister(one)
        self._forgotten += self._other
        self._other.clear()
        self._forgot.set()
