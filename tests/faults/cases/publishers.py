"""Publishers that shook hands and then misbehave; what subscribers are handed of it."""

from __future__ import annotations

import contextlib
from typing import Final

import msgpack

from faults import zmtp
from faults.arena import Arena
from faults.case import case
from faults.cases.strangers import SLACK_MB
from faults.processes import wait_until

GROUP: Final = "Publishers that misbehave"

_BODY: Final = msgpack.packb({"publisher": "stranger", "number": 0, "filling": b""})


@case("messages of 1, 3, 50 and 5,000 frames", group=GROUP, fast=True)
def odd_frames(arena: Arena) -> None:
    """The innocents listen to the same topic: what is no message of two frames is dropped."""
    arena.start()
    _, subscriber = arena.witnesses()
    stranger = arena.peer("PUB")
    for count in (1, 3, 50, 5000):
        parts = [b"innocent", *[_BODY] * (count - 1)]
        zmtp.stream(stranger, zmtp.message(*parts), 1)
    arena.still_serves(memory_mb=SLACK_MB)
    if not subscriber.running:
        arena.record.fail(f"the subscriber ended: {subscriber.end_in_words()}")


@case("killed in the middle of a message", group=GROUP, fast=True)
def half_messages(arena: Arena) -> None:
    """Half frames and half messages must not reach anybody."""
    arena.start()
    _, subscriber = arena.witnesses()
    before = arena.backplane.connections()
    whole = zmtp.message(b"innocent", _BODY)
    for cut in (1, 5, 12, 30, len(whole) - 1):
        stranger = arena.peer("PUB")
        zmtp.stream(stranger, whole[:cut], 1)
        stranger.close()
    wait_until(lambda: arena.backplane.connections() <= before, 10, "the connections are closed")
    arena.still_serves(memory_mb=SLACK_MB)
    state = subscriber.ask("state")
    strange = state["other"] + ("stranger" in state["publishers"])
    arena.note("half messages heard", strange, at_most=0)


@case("frames of 20 MB", group=GROUP)
def too_large(arena: Arena) -> None:
    """Above the limit of ours: the sender is cut off, nobody else, and nothing stays."""
    arena.start()
    arena.witnesses()
    for _ in range(5):
        stranger = arena.peer("PUB")
        with contextlib.suppress(OSError):
            stranger.sendall(zmtp.announced(20_000_000))
            zmtp.stream(stranger, bytes(1_000_000), 20_000_000)
    arena.still_serves(memory_mb=64)


@case("a flood on a topic nobody asked for", group=GROUP, fast=True)
def unheard_flood(arena: Arena) -> None:
    arena.start()
    arena.witnesses()
    stranger = arena.peer("PUB")
    batch = zmtp.message(b"nobody", bytes(1000)) * 1000
    taken = zmtp.stream(stranger, batch, 100 * len(batch))
    arena.note("taken", taken / 1e6, "MB")
    arena.still_serves(memory_mb=SLACK_MB)


@case("5,000 different topics, none of them text", group=GROUP, fast=True)
def topics_that_are_no_text(arena: Arena) -> None:
    """A subscriber to everything lives on, and hears the innocents."""
    arena.start()
    arena.witnesses()
    everything = arena.component("")
    everything.ready()
    publisher, _ = arena.innocents
    arena.meet(publisher, everything)
    stranger = arena.peer("PUB")
    for number in range(5000):
        topic = b"\xff\xfe" + number.to_bytes(4, "big")
        zmtp.stream(stranger, zmtp.message(topic, _BODY), 1)
    arena.still_serves(memory_mb=SLACK_MB)
    wait_until(
        lambda: not everything.running or "a" in everything.pages(),
        10,
        "the subscriber to everything hears the innocents",
    )
    if not everything.running:
        arena.record.fail(f"the subscriber ended: {everything.end_in_words()}")
