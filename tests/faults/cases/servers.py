"""A component that connects to something that is no backplane, or a malicious one."""

from __future__ import annotations

import random
import socket
import time
from typing import Final

from faults import zmtp
from faults.arena import Arena
from faults.case import case
from faults.cases.subscriptions import CANCEL, SUBSCRIBE
from faults.impostor import Impostor, Script, polite
from faults.processes import held_within

GROUP: Final = "A component at a malicious backplane"

BOUND_MB: Final = 64
_OFFERED: Final = 128_000_000
_CHUNK: Final = bytes(1 << 20)


def _meets(
    arena: Arena,
    *,
    front: Script | None = None,
    back: Script | None = None,
    bound_mb: float = BOUND_MB,
) -> None:
    """Start a component at an impostor; it has to start, live, stay small and leave in time."""
    attacks = [script for script in (front, back) if script is not None]
    finished = 0

    def counted(script: Script) -> Script:
        def run(connection: socket.socket) -> None:
            nonlocal finished
            try:
                script(connection)
            finally:
                finished += 1

        return run

    with (
        Impostor(polite("XSUB"), polite("XPUB")) as harmless,
        Impostor(
            counted(front) if front else polite("XSUB"), counted(back) if back else polite("XPUB")
        ) as impostor,
    ):
        calm = arena.component("topic", place=harmless.place)
        component = arena.component("topic", place=impostor.place)
        for one in (calm, component):
            one.ready(15)
        idle = calm.resident_mb()
        held_within(lambda: finished >= len(attacks), 10)
        component.ask("state")
        grown = max(0.0, component.peak_mb() - idle)
        arena.note("component grew by", grown, "MB", at_most=bound_mb)
        arena.note("tried", impostor.accepted, "connections")
        started = time.monotonic()
        component.popen.terminate()
        if component.wait(8) is None:
            arena.record.fail("it does not end within 8 s")
        arena.note("left after", time.monotonic() - started, "s", at_most=4)


@case("junk instead of a greeting", group=GROUP, fast=True)
def junk(arena: Arena) -> None:
    source = random.Random(9)

    def talk(connection: socket.socket) -> None:
        connection.sendall(source.randbytes(100_000))

    _meets(arena, front=talk, back=talk)


@case("connections closed at once, again and again", group=GROUP)
def closing(arena: Arena) -> None:
    def close(connection: socket.socket) -> None:
        connection.close()

    _meets(arena, front=close, back=close)


@case("silence", group=GROUP)
def silence(arena: Arena) -> None:
    def nothing(connection: socket.socket) -> None:
        pass

    _meets(arena, front=nothing, back=nothing)


@case("4 GiB message from the backplane", group=GROUP, fast=True)
def endless_frame(arena: Arena) -> None:
    def talk(connection: socket.socket) -> None:
        zmtp.shake_hands(connection, "XPUB")
        connection.sendall(zmtp.announced(zmtp.FOUR_GIB))
        zmtp.stream(connection, _CHUNK, _OFFERED)

    _meets(arena, back=talk)


@case("a subscription of 200 KB from the backplane, cancelled", group=GROUP, fast=True)
def long_subscription(arena: Arena) -> None:
    def talk(connection: socket.socket) -> None:
        zmtp.shake_hands(connection, "XSUB")
        connection.sendall(zmtp.frame(SUBSCRIBE + b"x" * 200_000))
        connection.sendall(zmtp.frame(CANCEL + b"x" * 200_000))
        connection.close()

    _meets(arena, front=talk)
