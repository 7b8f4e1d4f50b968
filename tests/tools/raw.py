"""Peers made of bare ZeroMQ or TCP sockets: what no component would do, and figures without one."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final, Self

import psutil
import zmq

from banyan.keys import Credentials
from tools.backplanes import Backplane
from tools.programs import eventually

GREETING: Final = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
"""ZMTP 3.0 (rfc.zeromq.org/spec/37), mechanism NULL."""

MORE: Final = 1
LONG: Final = 2
COMMAND: Final = 4


@contextlib.contextmanager
def bare_context() -> Iterator[zmq.Context[Any]]:
    """Yield a context, and close it with all of its sockets."""
    context: zmq.Context[Any] = zmq.Context()
    try:
        yield context
    finally:
        context.destroy(linger=0)


def with_keys(socket: zmq.Socket[Any], credentials: Credentials | None) -> zmq.Socket[Any]:
    """Have a socket use a key, if there is one."""
    if credentials is not None:
        socket.curve_serverkey = credentials.backplane
        socket.curve_publickey, socket.curve_secretkey = credentials.public, credentials.secret
    return socket


class Counter:
    """A subscriber in a thread that numbers what it gets: the payload begins with eight bytes.

    `got` counts messages, `missing` what lies between numbers, `held` blocks it while set.
    """

    def __init__(
        self, backplane: Backplane, topic: bytes = b"", keys: Credentials | None = None
    ) -> None:
        self.got = self.missing = 0
        self.next = 0
        self._ended = False
        self._context: zmq.Context[Any] = zmq.Context()
        self._socket = with_keys(self._context.socket(zmq.SUB), keys)
        self._socket.rcvhwm = 0
        self._socket.rcvtimeo = 100
        self._socket.subscribe(topic)
        self._socket.connect(f"tcp://127.0.0.1:{backplane.subscriber_port}")
        self._thread = threading.Thread(target=self._count)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join(10)
        self._context.destroy(linger=0)

    def _count(self) -> None:
        while not self._ended:
            with contextlib.suppress(zmq.Again):
                number = int.from_bytes(self._socket.recv_multipart(copy=False)[1].buffer[:8])
                self.missing += max(0, number - self.next)
                self.next = number + 1
                self.got += 1


class Source:
    """A publisher of numbered messages that goes no faster than a Counter receives them."""

    def __init__(
        self,
        backplane: Backplane,
        counter: Counter,
        *,
        topic: bytes = b"t",
        size: int = 100,
        ahead: int = 20,
        keys: Credentials | None = None,
    ) -> None:
        self.sent = 0
        self._counter, self._topic, self._ahead = counter, topic, ahead
        self._body = bytes(size - 8)
        self._context: zmq.Context[Any] = zmq.Context()
        self._socket = with_keys(self._context.socket(zmq.PUB), keys)
        self._socket.set(zmq.XPUB_NODROP, 1)
        self._socket.connect(f"tcp://127.0.0.1:{backplane.publisher_port}")

    def __enter__(self) -> Self:
        """Begin once the counter hears it."""

        def heard() -> bool:
            self._socket.send_multipart([self._topic, bytes(8)])
            return self._counter.got > 0

        eventually(heard)
        self._counter.next = self._counter.missing = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)

    def send(self, count: int = 1, timeout: float = 30) -> None:
        """Send messages, none more than `ahead` before the counter."""
        for _ in range(count):
            eventually(
                lambda: self.sent - self._counter.next < self._ahead, timeout, "the counter reads"
            )
            self.push()

    def push(self) -> None:
        """Send a message, whether anybody receives it or not."""
        self._socket.send_multipart([self._topic, self.sent.to_bytes(8) + self._body])
        self.sent += 1

    def settle(self) -> int:
        """Wait for the last message; return how many the counter missed."""
        eventually(lambda: self._counter.next == self.sent, what="the last message")
        return self._counter.missing


def frame(body: bytes, flags: int = 0) -> bytes:
    """Return a frame of ZMTP as it is on the wire."""
    if len(body) > 255:
        return bytes([flags | LONG]) + len(body).to_bytes(8) + body
    return bytes([flags, len(body)]) + body


def greeted(port: int, kind: str) -> socket.socket:
    """Return a TCP connection that has shaken hands as a socket of a kind, `PUB` or `SUB`."""
    connection = socket.create_connection(("127.0.0.1", port), 5)
    value = len(kind).to_bytes(4) + kind.encode()
    connection.sendall(GREETING + frame(b"\x05READY\x0bSocket-Type" + value, COMMAND))
    got = b""
    while len(got) < 64 + 2:
        got += connection.recv(1000)
    return connection


def pour(connection: socket.socket, chunk: bytes, total: int) -> int:
    """Send whole chunks until the peer has enough; return how many bytes it took."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < total:
            connection.sendall(chunk)
            sent += len(chunk)
    return sent


def resident(backplane: Backplane) -> int:
    """Return the memory a backplane's process holds, in bytes."""
    return int(psutil.Process(backplane.program.pid).memory_info().rss)
