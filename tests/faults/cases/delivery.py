"""Nothing goes wrong at all: bursts at full speed, their order, first and last message."""

from __future__ import annotations

import time
from typing import Final

from faults.arena import Arena
from faults.case import case

GROUP: Final = "Delivery without any fault"


def _burst(arena: Arena, count: int, size: int) -> None:
    """Publish at full speed to one subscriber that does nothing but count."""
    arena.start()
    publisher, subscriber = arena.pair("burst")
    answer = publisher.ask("publish", 30, topic="burst", count=count, size=size)
    page = subscriber.settle(count)
    arena.note("rate", count / max(answer["seconds"], 1e-6), "a second")
    arena.note("lost", count - page["received"], f"of {count:,}", at_most=0)
    arena.note("out of order", page["disorder"], at_most=0)
    if page["first"] != 0:
        arena.record.fail("the first message is missing")
    if page["last"] != count - 1:
        arena.record.fail("the last message is missing")


@case("20,000 messages of 100 bytes at full speed", group=GROUP, fast=True)
def small(arena: Arena) -> None:
    _burst(arena, 20_000, 100)


@case("5,000 messages of 10 KB at full speed", group=GROUP, fast=True)
def medium(arena: Arena) -> None:
    _burst(arena, 5000, 10_000)


@case("100 messages of 1 MB at full speed", group=GROUP, fast=True)
def large(arena: Arena) -> None:
    _burst(arena, 100, 1_000_000)


@case("three publishers, 5,000 messages each", group=GROUP, fast=True)
def three_publishers(arena: Arena) -> None:
    arena.start()
    first, subscriber = arena.pair("burst", "p0")
    publishers = [first, *(arena.component(name=f"p{number}") for number in (1, 2))]
    for publisher in publishers[1:]:
        publisher.ready()
        arena.meet(publisher, subscriber)
    for publisher in publishers:
        publisher.tell("publish", topic="burst", count=5000, size=100)
    for publisher in publishers:
        publisher.answer(20)
    pages = [subscriber.settle(5000, f"p{number}") for number in range(3)]
    lost = 15_000 - sum(page["received"] for page in pages)
    arena.note("lost", lost, "of 15,000", at_most=0)
    arena.note("out of order", sum(page["disorder"] for page in pages), at_most=0)


@case("the first message, published at once", group=GROUP, fast=True)
def first_message(arena: Arena) -> None:
    """The constructor has returned: is the path open?"""
    arena.start()
    subscriber = arena.component("first", "proof")
    subscriber.ready()
    prover = arena.component(name="prover")
    prover.ready()
    arena.meet(prover, subscriber)
    rounds, lost, slowest = 5, 0, 0.0
    for number in range(rounds):
        name = f"p{number}"
        newcomer, started = arena.component(name=name, first=True), time.monotonic()
        newcomer.ready()
        slowest = max(slowest, time.monotonic() - started)
        lost += not subscriber.hears(name, 1)
        newcomer.close()
    arena.note("lost", lost, f"of {rounds} first messages", at_most=0)
    arena.note("slowest start", slowest, "s")
