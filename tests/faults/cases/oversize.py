"""Frames and messages without end, before and after the handshake."""

from __future__ import annotations

import contextlib
from typing import Final

from faults import zmtp
from faults.arena import MEMORY_LIMIT_MB, Arena
from faults.case import case

GROUP: Final = "Frames and messages without end"

_OFFERED: Final = 128_000_000
_CHUNK: Final = bytes(1 << 20)

_ENDLESS_S: Final = 3.0
"""A message without end takes this long. At full speed all of it would be there before anybody
could look: what is offered here is small, for the sake of the machine."""

CUT_MB: Final = 48
"""A frame is cut at 16 MB; two buffers and the allocator come on top."""

GUARD_MB: Final = MEMORY_LIMIT_MB + 64
"""The limit, and what can still arrive before the next look at it."""

_NOTHING: Final = zmtp.frame(b"", zmtp.MORE)
_TINY_FRAMES: Final = 6_000_000
"""2 bytes each on the wire and 64 in libzmq's queue: 384 MB."""


def _frame_without_end(arena: Arena, kind: str, *, ready: bool) -> None:
    arena.start()
    arena.witnesses()
    if ready:
        connection, body, flags = arena.peer(kind), b"", 0
    else:
        connection, body, flags = arena.connect(kind), b"\x05READY", zmtp.COMMAND
        connection.sendall(zmtp.GREETING)
    with contextlib.suppress(OSError):
        connection.sendall(zmtp.announced(zmtp.FOUR_GIB, flags) + body)
    taken = zmtp.stream(connection, _CHUNK, _OFFERED)
    arena.note("taken", taken / 1e6, f"MB of {_OFFERED / 1e6:.0f}")
    arena.still_serves(memory_mb=CUT_MB)


@case("4 GiB frame inside READY, publisher port", group=GROUP, fast=True)
def ready_front(arena: Arena) -> None:
    _frame_without_end(arena, "PUB", ready=False)


@case("4 GiB frame inside READY, subscriber port", group=GROUP, fast=True)
def ready_back(arena: Arena) -> None:
    _frame_without_end(arena, "SUB", ready=False)


@case("4 GiB message, publisher port", group=GROUP, fast=True)
def message_front(arena: Arena) -> None:
    _frame_without_end(arena, "PUB", ready=True)


@case("4 GiB subscription, subscriber port", group=GROUP, fast=True)
def message_back(arena: Arena) -> None:
    _frame_without_end(arena, "SUB", ready=True)


@case("4 GiB frames on 8 connections at once", group=GROUP)
def many_frames(arena: Arena) -> None:
    """A limit for each frame is none for all: 8 times just below it stays within the memory's."""
    arena.start(memory_limit_mb=MEMORY_LIMIT_MB)
    arena.witnesses()
    for _ in range(8):
        connection = arena.peer("PUB")
        connection.sendall(zmtp.announced(15_000_000))
        zmtp.stream(connection, _CHUNK, 14_000_000)
        large = arena.peer("PUB")
        with contextlib.suppress(OSError):
            large.sendall(zmtp.announced(zmtp.FOUR_GIB))
        zmtp.stream(large, _CHUNK, 24_000_000)
    arena.still_serves(memory_mb=GUARD_MB)


def _message_without_end(arena: Arena, kind: str, part: bytes, total: int) -> None:
    arena.start(memory_limit_mb=MEMORY_LIMIT_MB)
    arena.witnesses()
    connection = arena.peer(kind)
    chunk = part * max(1, total // len(part) // 1000)
    taken = zmtp.stream(connection, chunk, total, rate=total / _ENDLESS_S)
    arena.note("taken", taken / 1e6, f"MB of {total / 1e6:.0f}")
    arena.still_serves(memory_mb=GUARD_MB)


@case("message of 64 KB frames without end, publisher port", group=GROUP)
def large_parts_front(arena: Arena) -> None:
    part = zmtp.frame(bytes(65_536), zmtp.MORE)
    _message_without_end(arena, "PUB", part, 384_000_000)


@case("message of empty frames without end, publisher port", group=GROUP)
def tiny_parts_front(arena: Arena) -> None:
    _message_without_end(arena, "PUB", _NOTHING, len(_NOTHING) * _TINY_FRAMES)


@case("message of empty frames without end, subscriber port", group=GROUP)
def tiny_parts_back(arena: Arena) -> None:
    _message_without_end(arena, "SUB", _NOTHING, len(_NOTHING) * _TINY_FRAMES)
