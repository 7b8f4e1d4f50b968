"""ZMTP by hand (rfc.zeromq.org/spec/37), for peers that libzmq would not let us be."""

from __future__ import annotations

import contextlib
import math
import socket
import time
from collections.abc import Iterator
from typing import Final

GREETING: Final = (
    b"\xff" + bytes(7) + b"\x01\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
)
"""Version 3.0: subscriptions are messages, and nobody has to answer pings."""

MORE: Final = 1
LONG: Final = 2
COMMAND: Final = 4

FOUR_GIB: Final = 1 << 32

_STREAM_S: Final = 10.0
_STALL_S: Final = 3.0
"""How long a peer may not read before we hold it for one that will not."""


def frame(body: bytes, flags: int = 0) -> bytes:
    """Return a frame as it is on the wire."""
    if len(body) > 255:
        return bytes([flags | LONG]) + len(body).to_bytes(8, "big") + body
    return bytes([flags, len(body)]) + body


def announced(size: int, flags: int = 0) -> bytes:
    """Return the head of a frame of any size."""
    return bytes([flags | LONG]) + size.to_bytes(8, "big")


def message(*frames: bytes) -> bytes:
    """Return the frames of a message as they are on the wire."""
    return b"".join(frame(body, MORE) for body in frames[:-1]) + frame(frames[-1])


def ready(kind: str) -> bytes:
    """Return the READY command of a socket of a kind, `PUB` or `SUB`."""
    value = len(kind).to_bytes(4, "big") + kind.encode()
    return frame(b"\x05READY\x0bSocket-Type" + value, COMMAND)


def connect(address: str, port: int, timeout: float = 5) -> socket.socket:
    """Return a TCP connection, in which nothing waits for longer than `_STALL_S`."""
    connection = socket.create_connection((address, port), timeout)
    connection.settimeout(_STALL_S)
    return connection


def peer(address: str, port: int, kind: str) -> socket.socket:
    """Return a connection that has shaken hands as a socket of a kind."""
    connection = connect(address, port)
    shake_hands(connection, kind)
    return connection


def shake_hands(connection: socket.socket, kind: str) -> None:
    """Greet, say READY, and read the other side's: 64 bytes and one frame."""
    connection.sendall(GREETING + ready(kind))
    receive(connection, len(GREETING))
    flags, size = receive(connection, 2)
    if flags & LONG:
        size = int.from_bytes(bytes([size]) + receive(connection, 7), "big")
    receive(connection, size)


def receive(connection: socket.socket, size: int) -> bytes:
    """Return exactly so many bytes; ConnectionError if the peer closes before."""
    got = b""
    while len(got) < size:
        part = connection.recv(size - len(got))
        if not part:
            raise ConnectionResetError("closed by the peer")
        got += part
    return got


def stream(connection: socket.socket, chunk: bytes, total: int, *, rate: float = math.inf) -> int:
    """Send `total` bytes in chunks, at most `rate` bytes a second.

    Returns how many were taken before the peer had enough, or 10 s were over.
    """
    sent, started = 0, time.monotonic()
    with contextlib.suppress(OSError):
        while sent < total and time.monotonic() < started + _STREAM_S:
            connection.sendall(chunk)
            sent += len(chunk)
            time.sleep(max(0.0, started + sent / rate - time.monotonic()))
    return sent


def is_closed_within(connection: socket.socket, seconds: float) -> bool:
    """Read on until the peer closes; tell whether it did."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                return True
        return False
    return time.monotonic() < deadline


@contextlib.contextmanager
def closing_all() -> Iterator[list[socket.socket]]:
    """Close whatever is in a list by the end."""
    connections: list[socket.socket] = []
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()
