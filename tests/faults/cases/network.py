"""Connections that die without a word: half-open TCP, and a cable that is pulled."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import Final

from faults.arena import Arena
from faults.case import case
from faults.cases.strangers import SLACK_MB
from faults.components import Component
from faults.links import FAR, NEAR, Machine
from faults.processes import held_within
from faults.relay import Relay

GROUP: Final = "Network"

NOTICED_S: Final = 12
"""Heartbeats of 2 s and a patience of 6 s, then at most 2 s until the next attempt."""

_PATIENCE_S: Final = 12

_ACKNOWLEDGED_S: Final = 0.5
"""TCP acknowledges up to 0.2 s late. Nothing tells when it has; an acknowledgement that is still
due would make the new machine answer that it knows of no such connection."""


def _hears_again(arena: Arena, publisher: Component, subscriber: Component) -> None:
    """Note when what is published arrives again."""
    subscriber.ask("forget")
    started = time.monotonic()
    if publisher.is_heard_by(subscriber, "innocent", _PATIENCE_S):
        arena.note("heard again after", time.monotonic() - started, "s", at_most=NOTICED_S)
    else:
        arena.record.fail(f"deaf for more than {_PATIENCE_S} s")


def _half_open(arena: Arena, kind: str) -> None:
    """Have one of the innocents behind relays, one of which forgets its connections."""
    arena.start()
    other = arena.component("innocent", "proof")
    with (
        Relay(arena.address, arena.publisher_port) as front,
        Relay(arena.address, arena.subscriber_port) as back,
    ):
        behind = arena.component(
            "innocent", "proof", place=("127.0.0.1", front.port, back.port), name="behind"
        )
        other.ready()
        behind.ready()
        publisher, subscriber = (behind, other) if kind == "PUB" else (other, behind)
        arena.meet(publisher, subscriber)
        (front if kind == "PUB" else back).forget_connections()
        _hears_again(arena, publisher, subscriber)


@case("half-open connection of a subscriber", group=GROUP)
def half_open_subscriber(arena: Arena) -> None:
    _half_open(arena, "SUB")


@case("half-open connection of a publisher", group=GROUP)
def half_open_publisher(arena: Arena) -> None:
    _half_open(arena, "PUB")


@case("cable pulled for 3 s in the middle of a burst", group=GROUP, needs_root=True)
def cable(arena: Arena) -> None:
    """TCP repairs it: nothing is lost, doubled or out of order."""
    with Machine() as machine, contextlib.closing(arena):
        arena.address = FAR
        arena.start(inside=machine.inside)
        publisher, subscriber = arena.pair("burst")
        publisher.tell("publish", topic="burst", count=20_000, size=100, rate=4000)
        held_within(lambda: subscriber.page()["received"] > 1000, 10)
        machine.pull()
        time.sleep(3)  # what is tested is time
        machine.plug()
        publisher.answer(20)
        page = subscriber.settle(20_000, quiet=5)
        arena.note("lost", 20_000 - page["received"], "of 20,000", at_most=0)
        arena.note("out of order or twice", page["disorder"] + page["twice"], at_most=0)
        arena.lives()


@case("the backplane's machine dies, another takes its place", group=GROUP, needs_root=True)
def backplane_dies(arena: Arena) -> None:
    """Nobody is told: for the components the old connections stay open."""
    with Machine() as machine, contextlib.closing(arena):
        arena.address = FAR
        arena.start(inside=machine.inside)
        publisher, subscriber = arena.witnesses()
        time.sleep(_ACKNOWLEDGED_S)
        machine.pull()
        arena.backplane.signal(signal.SIGKILL)
        arena.backplane.wait(5)
        machine.replace()
        arena.restart()
        _hears_again(arena, publisher, subscriber)


@case("a subscriber's machine dies", group=GROUP, needs_root=True)
def subscriber_dies(arena: Arena) -> None:
    """The backplane has to give its connection up: nobody will ever close it."""
    with Machine() as machine, contextlib.closing(arena):
        arena.start()
        arena.witnesses()
        before = arena.backplane.connections()
        address = NEAR if arena.address == "127.0.0.1" else arena.address
        ports = arena.publisher_port, arena.subscriber_port
        gone = arena.component("innocent", inside=machine.inside, place=(address, *ports))
        gone.ready()
        held_within(lambda: arena.backplane.connections() >= before + 2, 5)
        time.sleep(_ACKNOWLEDGED_S)
        machine.pull()
        gone.signal(signal.SIGKILL)
        gone.wait(5)
        machine.replace()
        machine.pull()
        held_within(lambda: arena.backplane.connections() <= before, NOTICED_S)
        left = arena.backplane.connections() - before
        arena.note(f"open after {NOTICED_S} s", left, "connections", at_most=0)
        arena.still_serves(memory_mb=SLACK_MB)
