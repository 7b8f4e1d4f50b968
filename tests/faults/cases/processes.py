"""Processes that are killed, ended, stopped, and started in every order, in the middle of a burst.

Nothing may arrive twice, out of order or in pieces, and whoever is left or comes back hears again.
What was under way when a process died may be lost: that is told, and no fault.
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import time
from typing import Final

from faults.arena import Arena
from faults.case import case
from faults.components import Component
from faults.processes import FaultError, Process, held_within, wait_until

GROUP: Final = "Processes killed, ended, stopped and restarted, in the middle of a burst"

BACK_S: Final = 5.0
"""libzmq tries to reconnect every 0.1 to 2 s; a component starts within 1 s."""

BACK_FROM_STOP_S: Final = 7.0
"""Everybody has given up; new publishers wait until old connections are read, for two attempts."""

_STOPPED_S: Final = 2.0
_CAUGHT_UP_S: Final = 5.0
_BURST: Final = 400_000
_RATE: Final = 10_000


class Stream:
    """A publisher in full flow, and the subscriber that hears it."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.publisher, self.subscriber = arena.pair("burst")
        self.flow()

    def flow(self) -> None:
        """Have the publisher publish, for longer than the case takes."""
        self.begun = time.monotonic()
        self.publisher.tell("publish", topic="burst", count=_BURST, size=100, rate=_RATE)

    def wait_for(self, more: int) -> None:
        """Return when so many more messages have arrived."""
        before = self.subscriber.page()["received"]
        wait_until(lambda: self.subscriber.page()["received"] >= before + more, 10, "messages")

    def note_back(self, since: float, publisher: str = "a", at_most: float = BACK_S) -> None:
        """Note when messages arrive again."""
        before = self.subscriber.page(publisher)["received"]
        heard = held_within(
            lambda: self.subscriber.page(publisher)["received"] >= before + 100, 2 * at_most
        )
        if heard:
            self.arena.note("heard after", time.monotonic() - since, "s", at_most=at_most)
        else:
            self.arena.record.fail(f"nothing is heard within {2 * at_most:g} s")

    def note_missing(self) -> None:
        """Note what is missing of all that was to be published until now."""
        due = (time.monotonic() - self.begun) * _RATE
        held_within(lambda: self.subscriber.page()["last"] >= due, _CAUGHT_UP_S)
        self.arena.note("missing", self.subscriber.page()["missing"], f"of {due:,.0f}")

    def note_order(self) -> None:
        """Note what came twice or out of order."""
        pages = self.subscriber.pages().values()
        self.arena.note("out of order", sum(page["disorder"] for page in pages), at_most=0)
        self.arena.note("twice", sum(page["twice"] for page in pages), at_most=0)

    def replace_publisher(self) -> None:
        """Start another publisher, which begins at once."""
        self.publisher = self.arena.component(name="b")
        self.publisher.ready()
        self.flow()

    def replace_subscriber(self) -> None:
        """Start another subscriber."""
        self.subscriber = self.arena.component("burst")
        self.subscriber.ready()


def _stream(arena: Arena) -> Stream:
    arena.start()
    stream = Stream(arena)
    stream.wait_for(1000)
    return stream


def _backplane_gone(arena: Arena, number: int) -> None:
    stream = _stream(arena)
    arena.backplane.signal(number)
    arena.backplane.wait(5)
    if arena.backplane.running:
        arena.record.fail("it does not end")
        return
    time.sleep(0.5)  # long enough for every connection to notice, as a restart by hand is
    arena.restart()
    stream.note_back(time.monotonic())
    stream.note_order()


def _publisher_gone(arena: Arena, number: int) -> None:
    stream = _stream(arena)
    stream.publisher.signal(number)
    if stream.publisher.wait(5) is None:
        arena.record.fail("it does not end")
    since = time.monotonic()
    stream.replace_publisher()
    stream.note_back(since, "b")
    stream.note_order()
    arena.lives()


def _subscriber_gone(arena: Arena, number: int) -> None:
    stream = _stream(arena)
    stream.subscriber.signal(number)
    if stream.subscriber.wait(5) is None:
        arena.record.fail("it does not end")
    since = time.monotonic()
    stream.replace_subscriber()
    stream.note_back(since)
    stream.note_order()
    arena.lives()


@case("backplane, SIGKILL, then started again", group=GROUP, fast=True)
def kill_backplane(arena: Arena) -> None:
    _backplane_gone(arena, signal.SIGKILL)


@case("backplane, SIGTERM, then started again", group=GROUP)
def end_backplane(arena: Arena) -> None:
    _backplane_gone(arena, signal.SIGTERM)


@case("publisher, SIGKILL, then another", group=GROUP)
def kill_publisher(arena: Arena) -> None:
    _publisher_gone(arena, signal.SIGKILL)


@case("publisher, SIGTERM, then another", group=GROUP)
def end_publisher(arena: Arena) -> None:
    _publisher_gone(arena, signal.SIGTERM)


@case("subscriber, SIGKILL, then another", group=GROUP)
def kill_subscriber(arena: Arena) -> None:
    _subscriber_gone(arena, signal.SIGKILL)


@case("subscriber, SIGTERM, then another", group=GROUP)
def end_subscriber(arena: Arena) -> None:
    _subscriber_gone(arena, signal.SIGTERM)


def _stopped(arena: Arena, who: str, seconds: float = _STOPPED_S) -> None:
    stream = _stream(arena)
    process = {
        "backplane": arena.backplane, "publisher": stream.publisher,
        "subscriber": stream.subscriber,
    }[who]  # fmt: skip
    process.signal(signal.SIGSTOP)
    time.sleep(seconds)  # what is tested is time
    process.signal(signal.SIGCONT)
    at_most = BACK_S if seconds == _STOPPED_S else BACK_FROM_STOP_S
    stream.note_back(time.monotonic(), at_most=at_most)
    stream.note_missing()
    stream.note_order()
    arena.lives()


@case("backplane, stopped for 2 s", group=GROUP)
def stop_backplane(arena: Arena) -> None:
    _stopped(arena, "backplane")


@case("backplane, stopped for 10 s", group=GROUP)
def stop_backplane_for_long(arena: Arena) -> None:
    """Longer than any heartbeat waits: everybody reconnects."""
    _stopped(arena, "backplane", 10)


@case("publisher, stopped for 2 s", group=GROUP)
def stop_publisher(arena: Arena) -> None:
    _stopped(arena, "publisher")


@case("subscriber, stopped for 2 s", group=GROUP)
def stop_subscriber(arena: Arena) -> None:
    _stopped(arena, "subscriber")


@case("all three killed, started again in all six orders", group=GROUP)
def every_order(arena: Arena) -> None:
    """Components that come before the backplane wait for it."""
    arena.start()
    arena.backplane.close()
    joined, slowest = 0, 0.0
    for order in itertools.permutations(("backplane", "publisher", "subscriber")):
        started, took = time.monotonic(), None
        with contextlib.ExitStack() as killed:
            took = _start_in(arena, order, killed)
        if took:
            joined, slowest = joined + 1, max(slowest, time.monotonic() - started)
    arena.note("joined", joined, "of 6 times", at_least=6)
    arena.note("slowest", slowest, "s", at_most=2 * BACK_S)


def _start_in(arena: Arena, order: tuple[str, ...], killed: contextlib.ExitStack) -> bool:
    """Start all three in an order; tell whether the subscriber hears the publisher."""
    components: dict[str, Component] = {}
    for who in order:
        if who == "backplane":
            arena.restart()
            killed.callback(_kill, arena.backplane)
        else:
            topics = ("proof",) if who == "subscriber" else ()
            components[who] = arena.component(*topics)
            killed.callback(_kill, components[who])
    publisher, subscriber = components["publisher"], components["subscriber"]
    publisher.ready()
    subscriber.ready()
    return held_within(
        lambda: publisher.ask("publish", topic="proof", count=1) and subscriber.pages(),
        2 * BACK_S,
    )


def _kill(process: Process) -> None:
    process.signal(signal.SIGKILL)
    process.wait(5)


@case("clean_up while the backplane hangs", group=GROUP, fast=True)
def clean_up_with_a_hung_backplane(arena: Arena) -> None:
    arena.start()
    publisher, subscriber = arena.component(still=True), arena.component("burst", "proof")
    publisher.ready()
    subscriber.ready()
    arena.meet(publisher, subscriber)
    arena.backplane.signal(signal.SIGSTOP)
    publisher.ask("publish", 30, topic="burst", count=100, size=100_000)
    started = time.monotonic()
    try:
        publisher.ask("clean_up", 8)
    except FaultError:
        arena.record.fail("it has not returned after 8 s")
    else:
        arena.note("returned after", time.monotonic() - started, "s", at_most=4)
