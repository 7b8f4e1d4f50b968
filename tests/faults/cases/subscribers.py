"""Subscribers that stop, lag or die, beside a healthy one that must get everything."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import Final

from faults.arena import MEMORY_LIMIT_MB, Arena
from faults.case import case
from faults.cases.oversize import GUARD_MB
from faults.components import Component
from faults.processes import held_within, wait_until

GROUP: Final = "Subscribers that stop, lag or die"

GIVEN_UP_S: Final = 10
"""Heartbeats give a silent connection up after 8 s at most; then memory is given back."""


@dataclass(frozen=True, slots=True)
class Burst:
    """What is published: numbered messages at a rate a healthy subscriber can follow."""

    count: int
    size: int
    rate: int


SMALL: Final = Burst(60_000, 100, 25_000)
LARGE: Final = Burst(300, 1_000_000, 150)


def _beside(arena: Arena, burst: Burst, number: int | None, delay: float = 0) -> Component:
    """Publish a burst to a healthy and a bad subscriber; return the bad one.

    The bad one gets a signal when the burst has begun, or takes its time for each message.
    """
    arena.start(memory_limit_mb=MEMORY_LIMIT_MB)
    publisher, healthy = arena.component(), arena.component("burst", "proof")
    bad = arena.component("burst", "proof", delay=delay)
    for one in (publisher, healthy, bad):
        one.ready()
    arena.meet(publisher, healthy, bad)
    arena.mark()
    publisher.tell("publish", topic="burst", count=burst.count, size=burst.size, rate=burst.rate)
    wait_until(healthy.pages, 10, "the burst has begun")
    if number is not None:
        bad.signal(number)
    publisher.answer(30)
    _note_healthy(arena, healthy, burst.count)
    arena.note_memory(GUARD_MB)
    arena.lives()
    return bad


def _note_healthy(arena: Arena, healthy: Component, count: int) -> None:
    """Note what the healthy one lost, once it has the last message or nothing more comes."""
    got = healthy.settle(count)
    arena.note("healthy one lost", count - got["received"], f"of {count:,}", at_most=0)
    arena.note("out of order", got["disorder"], at_most=0)


def _note_back(arena: Arena, within: float = GIVEN_UP_S) -> None:
    """Note how much memory is back after the bad one has been given up."""
    held_within(lambda: arena.growth_mb() < 48, within)
    arena.note("kept after it was given up", arena.growth_mb(), "MB", at_most=48)


@case("stopped, small messages", group=GROUP, fast=True)
def stopped_small(arena: Arena) -> None:
    _beside(arena, SMALL, signal.SIGSTOP)


@case("stopped, messages of 1 MB", group=GROUP)
def stopped_large(arena: Arena) -> None:
    _beside(arena, LARGE, signal.SIGSTOP)
    _note_back(arena)


@case("slow, small messages", group=GROUP)
def slow_small(arena: Arena) -> None:
    _beside(arena, SMALL, None, delay=0.002)


@case("slow, messages of 1 MB", group=GROUP)
def slow_large(arena: Arena) -> None:
    _beside(arena, LARGE, None, delay=0.2)


@case("killed, small messages", group=GROUP)
def killed_small(arena: Arena) -> None:
    _beside(arena, SMALL, signal.SIGKILL)


@case("killed, messages of 1 MB", group=GROUP)
def killed_large(arena: Arena) -> None:
    _beside(arena, LARGE, signal.SIGKILL)
    _note_back(arena)


@case("stopped for 9 s, then hears again", group=GROUP)
def comes_back(arena: Arena) -> None:
    """It was given up meanwhile, and has to find out by itself."""
    bad = _beside(arena, Burst(150, 1_000_000, 100), signal.SIGSTOP)
    time.sleep(7)  # what is tested is time: longer than the heartbeats' patience, with the burst
    bad.signal(signal.SIGCONT)
    started = time.monotonic()
    publisher = arena.component(name="later")
    publisher.ready()
    if not publisher.is_heard_by(bad, "burst", 12):
        arena.record.fail("it stays deaf")
        return
    arena.note("heard again after", time.monotonic() - started, "s", at_most=10)


@case("20 peers that never read, small messages", group=GROUP)
def crowd_that_never_reads(arena: Arena) -> None:
    """Each is within any budget for one; all of them are not."""
    arena.start(memory_limit_mb=MEMORY_LIMIT_MB)
    publisher, healthy = arena.component(), arena.component("burst", "proof")
    publisher.ready()
    healthy.ready()
    arena.meet(publisher, healthy)
    for _ in range(20):
        arena.peer("SUB").sendall(b"\x00\x06\x01burst")
    arena.mark()
    publisher.tell("publish", topic="burst", count=100_000, size=1000, rate=20_000)
    publisher.answer(30)
    _note_healthy(arena, healthy, 100_000)
    arena.note_memory(GUARD_MB)
    arena.lives()
