"""Subscriptions that are too long, too many or too restless."""

from __future__ import annotations

import contextlib
import random
from typing import Final

from faults import zmtp
from faults.arena import MEMORY_LIMIT_MB, Arena
from faults.case import case
from faults.cases.oversize import GUARD_MB
from faults.cases.strangers import SLACK_MB
from faults.processes import held_within

GROUP: Final = "Subscriptions"

SUBSCRIBE: Final = b"\x01"
CANCEL: Final = b"\x00"

_LONG: Final = 200_000
_MANY: Final = 300_000
"""A third of the million of the promise, and of its memory: the machine is shared."""

_TOPICS_OF_ONE: Final = 5000


@case("a subscription of 200 KB, whose sender leaves", group=GROUP, fast=True)
def long_subscription(arena: Arena) -> None:
    arena.start()
    arena.witnesses()
    before = arena.backplane.connections()
    stranger = arena.peer("SUB")
    with contextlib.suppress(OSError):
        stranger.sendall(zmtp.frame(SUBSCRIBE + b"x" * _LONG))
    stranger.close()
    held_within(lambda: arena.backplane.connections() <= before, 5)
    arena.still_serves(memory_mb=SLACK_MB)


@case(f"{_MANY:,} subscriptions of one peer", group=GROUP)
def many_subscriptions(arena: Arena) -> None:
    arena.start(memory_limit_mb=MEMORY_LIMIT_MB)
    arena.witnesses()
    source, stranger, sent = random.Random(6), arena.peer("SUB"), 0
    for _ in range(_MANY // 1000):
        batch = [zmtp.frame(SUBSCRIBE + source.randbytes(24)) for _ in range(1000)]
        if zmtp.stream(stranger, b"".join(batch), 1) == 0:
            break  # it was shown the door
        sent += 1000
    arena.note("taken", sent, "subscriptions")
    arena.still_serves(memory_mb=GUARD_MB)


@case(f"{_TOPICS_OF_ONE:,} topics on one subscriber", group=GROUP)
def many_topics(arena: Arena) -> None:
    """libzmq forgets subscriptions above its queue's length without a word."""
    arena.start()
    subscriber = arena.component("proof", many=_TOPICS_OF_ONE)
    publisher = arena.component()
    publisher.ready()
    subscriber.ready(30)
    arena.meet(publisher, subscriber)
    for number in range(_TOPICS_OF_ONE):
        publisher.tell("publish", topic=f"t{number:05}", count=1)
    for _ in range(_TOPICS_OF_ONE):
        publisher.answer()
    heard = subscriber.settle(_TOPICS_OF_ONE)["received"]
    arena.note("deaf on", _TOPICS_OF_ONE - heard, f"of {_TOPICS_OF_ONE:,} topics", at_most=0)


@case("a stranger's 5,000 restless subscriptions, then a new publisher", group=GROUP, fast=True)
def churned_subscriptions(arena: Arena) -> None:
    """The newcomer is told of all of them, and may never learn of the innocent one."""
    arena.start()
    topics = [f"a{number:06}".encode() for number in range(5000)]
    begin = b"".join(zmtp.frame(SUBSCRIBE + topic) for topic in topics)
    end = b"".join(zmtp.frame(CANCEL + topic) for topic in topics)
    stranger, rounds, deaf = arena.peer("SUB"), 4, 0
    subscriber = arena.component("zzz")
    subscriber.ready()
    for number in range(rounds):
        for words in (begin, end, begin):
            zmtp.stream(stranger, words, 1)
        newcomer = arena.component(name=f"p{number}")
        newcomer.ready()
        deaf += not newcomer.is_heard_by(subscriber, "zzz", 1.5)
        zmtp.stream(stranger, end, 1)
        newcomer.close()
    arena.lives()
    arena.note("unheard for good", deaf, f"of {rounds} new publishers", at_most=0)
    arena.note_memory(SLACK_MB)


@case("nonsense from a subscriber", group=GROUP, fast=True)
def nonsense(arena: Arena) -> None:
    """Cancellations of what was never asked for, user messages upstream, empty frames."""
    arena.start()
    arena.witnesses()
    source = random.Random(7)
    stranger = arena.peer("SUB")
    words = [CANCEL + b"innocent", CANCEL, b"", SUBSCRIBE, CANCEL, b"\x02user", b"\xff" * 200]
    parts = [zmtp.frame(word) for word in words] + [zmtp.message(b"\x01a", b"\x01b", b"\x00a")]
    zmtp.stream(stranger, b"".join(source.choices(parts, k=20_000)), 1)
    arena.still_serves(memory_mb=SLACK_MB)
