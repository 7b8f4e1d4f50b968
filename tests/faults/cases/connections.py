"""Connections: churned, silent, and more of them than there are descriptors."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Final

from faults import zmtp
from faults.arena import Arena
from faults.case import case
from faults.cases.strangers import SLACK_MB
from faults.processes import held_within

GROUP: Final = "Connections"

_DESCRIPTORS: Final = 256
"""What the backplane may open: the limit is the same at 20,000, but takes longer to reach."""

_STRANGERS: Final = 400

_SPINNING: Final = 0.6
"""Share of a core: libzmq at its limit uses 0.67 to 1; the innocents' traffic next to nothing."""


@case("2,000 connections, closed at once", group=GROUP, fast=True)
def churned(arena: Arena) -> None:
    arena.start()
    arena.witnesses()
    before = arena.backplane.connections()
    for number in range(2000):
        _knock(arena, "PUB" if number % 2 else "SUB", b"")
    _all_gone(arena, before)


@case("500 peers that shake hands and leave", group=GROUP, fast=True)
def churned_peers(arena: Arena) -> None:
    arena.start()
    arena.witnesses()
    before = arena.backplane.connections()
    for number in range(500):
        kind = "PUB" if number % 2 else "SUB"
        extra = zmtp.message(b"x", b"\xc0") if number % 2 else zmtp.frame(b"\x01x")
        _knock(arena, kind, zmtp.GREETING + zmtp.ready(kind) + extra)
    _all_gone(arena, before)


def _knock(arena: Arena, kind: str, words: bytes) -> None:
    with (
        contextlib.suppress(OSError),
        socket.create_connection((arena.address, arena.ports[kind]), 5) as connection,
    ):
        connection.sendall(words)


def _all_gone(arena: Arena, before: int) -> None:
    held_within(lambda: arena.backplane.connections() <= before, 10)
    left = arena.backplane.connections() - before
    arena.note("left open", left, "connections", at_most=0)
    arena.still_serves(memory_mb=SLACK_MB)


@case(f"{_STRANGERS} silent connections, {_DESCRIPTORS} descriptors", group=GROUP)
def silent(arena: Arena) -> None:
    _crowd(arena, b"")


@case(f"{_STRANGERS} peers that do nothing more, {_DESCRIPTORS} descriptors", group=GROUP)
def idle_peers(arena: Arena) -> None:
    _crowd(arena, zmtp.GREETING + zmtp.ready("PUB"))


def _crowd(arena: Arena, words: bytes) -> None:
    """Fill every descriptor, and see whether those inside are served and newcomers get in."""
    arena.start(descriptors=_DESCRIPTORS)
    arena.witnesses()
    with zmtp.closing_all() as connections:
        for number in range(_STRANGERS):
            connection = _try(arena, "PUB" if number % 2 else "SUB")
            connections.append(connection)
            with contextlib.suppress(OSError):
                connection.sendall(words)
        arena.neighbours_hear()
        if arena.lives():
            _note_processor(arena)
            arena.newcomer(within=15)
    arena.still_serves(memory_mb=SLACK_MB)


def _try(arena: Arena, kind: str) -> socket.socket:
    """Return a connection; where the backplane takes no more it waits in the backlog."""
    opened = socket.socket()
    opened.setblocking(False)
    opened.connect_ex((arena.address, arena.ports[kind]))
    opened.settimeout(0.05)
    return opened


def _note_processor(arena: Arena) -> None:
    """Note how much of a core the backplane uses while nothing happens."""
    used, started = arena.backplane.cpu_s(), time.monotonic()
    time.sleep(1.0)  # what is measured is time
    share = (arena.backplane.cpu_s() - used) / (time.monotonic() - started)
    arena.note("processor", share * 100, "% of a core", at_most=_SPINNING * 100)
