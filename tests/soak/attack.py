"""What strangers do to a backplane's ports: garbage, silent connections, forged messages."""

from __future__ import annotations

import contextlib
import random
import socket
from typing import Final

import zmq

from banyan.sequences import Stamper
from banyan.wire import codec

_GREETING: Final = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + b"\x00" + bytes(31)
_REQUESTS: Final = (
    b"GET / HTTP/1.1\r\nHost: robot\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    _GREETING,
)
_MOST_GARBAGE: Final = 200_000
_PATIENCE_S: Final = 1.0
_FORGERIES: Final = 50


def send_garbage(port: int, seed: int) -> None:
    """Connect and write what is no ZeroMQ, or soon stops being it."""
    chance = random.Random(seed)
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), _PATIENCE_S) as to,
    ):
        to.sendall(chance.choice((*_REQUESTS, b"")))
        to.sendall(chance.randbytes(chance.randrange(_MOST_GARBAGE)))


def open_silent(port: int, count: int) -> contextlib.ExitStack:
    """Return connections that say nothing, open until it is closed."""
    opened = contextlib.ExitStack()
    with contextlib.suppress(OSError):
        for _ in range(count):
            opened.enter_context(socket.create_connection(("127.0.0.1", port), _PATIENCE_S))
    return opened


def publish_forgeries(context: zmq.Context[zmq.Socket[bytes]], port: int, seed: int) -> None:
    """Publish, as a stranger who speaks ZeroMQ, broken messages on the topics in use."""
    chance = random.Random(seed)
    with context.socket(zmq.XPUB) as to:
        to.setsockopt(zmq.LINGER, 500)
        to.connect(f"tcp://127.0.0.1:{port}")
        to.poll(int(_PATIENCE_S * 1000))  # until the backplane has asked for everything
        for _ in range(_FORGERIES):
            topic = chance.choice((b"soak/small/a", b"soak/small/c", b"soak/both/x", b"soak/\xff"))
            to.send_multipart([topic, *_rest(chance, topic)])


def _rest(chance: random.Random, topic: bytes) -> list[bytes]:
    body = chance.choice((chance.randbytes(chance.randrange(50)), codec.encode({"forged": 1})))
    return chance.choice(
        ([body], [], [body, Stamper().stamp(topic, 0)], [body, b"x", b"y"], [body, b"\xffBS1"])
    )
