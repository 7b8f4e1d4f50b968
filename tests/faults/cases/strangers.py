"""What is no ZeroMQ at all, or only nearly, on both ports of a backplane."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Callable, Iterable
from typing import Final

from faults import zmtp
from faults.arena import Arena
from faults.case import case

GROUP: Final = "Strangers at the ports"

SLACK_MB: Final = 32
"""What connections, buffers and an allocator's habits may take where nothing should stay."""

_JUNK_BYTES: Final = 64 * 1024
_DRIP_S: Final = 0.2

HTTP: Final = (
    b"GET / HTTP/1.1\r\nHost: backplane\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n",
    b"POST /admin HTTP/1.1\r\nHost: backplane\r\nContent-Length: 9999999999\r\n\r\n" + b"a" * 4096,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
)

CLIENT_HELLO: Final = bytes.fromhex(
    "16030100a5010000a10303" + "5a" * 32 + "20" + "a5" * 32 + "0020130213031301c02cc030009fcca9"
    "cca8ccaac02bc02f009ec024c028006bc023c0270067010000380000000e000c0000096c6f63616c686f7374"
    "000b000403000102000a000c000a001d0017001e00190018002300000016000000170000"
)


def say(arena: Arena, messages: Iterable[bytes]) -> None:
    """Say each on a connection of its own, on both ports; hang up in different ways."""
    with zmtp.closing_all() as connections:
        for number, words in enumerate(messages):
            for kind in arena.ports:
                connection = arena.connect(kind)
                connections.append(connection)
                with contextlib.suppress(OSError):
                    connection.sendall(words)
                    if number % 3 == 0:
                        connection.shutdown(socket.SHUT_WR)
                    elif number % 3 == 1:
                        connection.close()


def survives(arena: Arena, attack: Callable[[], None], memory_mb: float = SLACK_MB) -> None:
    """Let it happen beside innocents, and see how they fare."""
    arena.start()
    arena.witnesses()
    attack()
    arena.still_serves(memory_mb=memory_mb)


@case("random bytes", group=GROUP, fast=True)
def random_bytes(arena: Arena) -> None:
    source = random.Random(4)
    survives(arena, lambda: say(arena, (source.randbytes(_JUNK_BYTES) for _ in range(24))))


@case("HTTP requests", group=GROUP, fast=True)
def http(arena: Arena) -> None:
    survives(arena, lambda: say(arena, HTTP * 8))


@case("a TLS ClientHello", group=GROUP, fast=True)
def tls(arena: Arena) -> None:
    survives(arena, lambda: say(arena, [CLIENT_HELLO] * 24))


@case("400 mutated ZMTP greetings", group=GROUP, fast=True)
def mutated_greetings(arena: Arena) -> None:
    source = random.Random(5)
    right = zmtp.GREETING + zmtp.ready("PUB") + zmtp.message(b"topic", b"\xc0")

    def mutated() -> bytes:
        words = bytearray(right)
        for _ in range(source.randint(1, 8)):
            words[source.randrange(len(words))] = source.randrange(256)
        return bytes(words[: source.randint(1, len(words))])

    survives(arena, lambda: say(arena, (mutated() for _ in range(200))))


@case("READY as another kind of socket, twice, or never", group=GROUP, fast=True)
def wrong_ready(arena: Arena) -> None:
    kinds = ("REQ", "ROUTER", "PAIR", "STREAM", "NOSUCH", "X" * 200, "")
    twice = zmtp.GREETING + zmtp.ready("PUB") * 50
    first = zmtp.GREETING + zmtp.message(b"", b"\x80") * 1000
    words = [zmtp.GREETING + zmtp.ready(kind) for kind in kinds]
    survives(arena, lambda: say(arena, [*words, twice, first, zmtp.GREETING]))


@case("100,000 pings and unknown commands", group=GROUP, fast=True)
def commands(arena: Arena) -> None:
    ping = zmtp.frame(b"\x04PING\x00\x00" + b"context", zmtp.COMMAND)
    odd = zmtp.frame(b"\x07NOTHING" + b"z" * 50, zmtp.COMMAND)

    def flood() -> None:
        for kind in arena.ports:
            for one in (ping, odd):
                zmtp.stream(arena.peer(kind), one * 100, len(one) * 25_000)

    survives(arena, flood)


@case("a greeting of one byte in 0.2 s, on 50 connections", group=GROUP)
def dripping_greeting(arena: Arena) -> None:
    """Those who take their time must be given up."""

    def drip() -> None:
        with zmtp.closing_all() as connections:
            connections += [arena.connect(kind) for kind in arena.ports for _ in range(25)]
            _drip(connections, seconds=7)
            closed = sum(zmtp.is_closed_within(one, 0.2) for one in connections)
            arena.note("given up", closed, "connections", at_least=50)

    survives(arena, drip)


def _drip(connections: list[socket.socket], seconds: float) -> None:
    """Send a byte after the other, too slowly to be done in time: the pause is the attack."""
    deadline = time.monotonic() + seconds
    for number in range(len(zmtp.GREETING)):
        if time.monotonic() > deadline:
            return
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.sendall(zmtp.GREETING[number : number + 1])
        time.sleep(_DRIP_S)
