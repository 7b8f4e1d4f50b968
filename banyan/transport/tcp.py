"""What the kernel knows of a TCP connection that libzmq owns: read, or cut, by its descriptor.

libzmq tells of its connections by descriptor alone (socket monitors). It may close one at any
moment, and the number may then stand for another connection: whoever acts on one says whose it
is to be.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: what was not sent is thrown away, and the peer is told of the end."""

_TCP_INFO: Final = struct.Struct("=120x QQ 8x I 52x QQ")
"""Linux's struct tcp_info (linux/tcp.h): bytes_acked at 120, bytes_received at 128, notsent_bytes
at 144, bytes_sent at 200 and of them bytes_retrans at 208 (since Linux 4.19)."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How much has gone through a connection, in bytes, since it was made."""

    received: int
    sent: int
    """Each byte once, however often it had to be repeated: who acknowledges nothing adds none."""
    acknowledged: int
    waiting: int
    """Given to the kernel, but not sent: the peer reads too slowly, or the line is slow."""


def flow(descriptor: int) -> Flow | None:
    """Return the figures of a connection; None if it is gone, or where only other systems tell."""
    if sys.platform != "linux":
        return None
    try:
        with _borrowed(descriptor) as connection:
            raw = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    except OSError:
        return None
    if len(raw) < _TCP_INFO.size:
        return None
    acknowledged, received, waiting, sent, repeated = _TCP_INFO.unpack(raw)
    return Flow(received, sent - repeated, acknowledged, waiting)


def peer(descriptor: int) -> tuple[str, int] | None:
    """Return the peer's address and port; None if the connection is gone."""
    try:
        with _borrowed(descriptor) as connection:
            address, port, *_ = connection.getpeername()
    except (OSError, ValueError):
        return None
    return str(address).partition("%")[0], int(port)


def cut(descriptor: int, whose: tuple[str, int]) -> bool:
    """End a connection, both ways, if it still is with this peer; libzmq then closes it.

    Returns whether it was there to be ended.
    """
    with contextlib.suppress(OSError), _held(descriptor) as connection:
        address, port, *_ = connection.getpeername()
        if (str(address).partition("%")[0], port) == whose:
            connection.shutdown(socket.SHUT_RDWR)
            return True
    return False


@contextlib.contextmanager
def _held(descriptor: int) -> Iterator[socket.socket]:
    """Lend a connection that stays the same one, whatever libzmq does meanwhile.

    Where there is no descriptor left for that, its own one has to do.
    """
    try:
        own = os.dup(descriptor)
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        with _borrowed(descriptor) as connection:
            yield connection
    else:
        with socket.socket(fileno=own) as connection:
            yield connection


@contextlib.contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """Lend libzmq's descriptor to a socket object that does not close it; OSError if it is gone."""
    connection = socket.socket(fileno=descriptor)
    try:
        yield connection
    finally:
        connection.detach()
