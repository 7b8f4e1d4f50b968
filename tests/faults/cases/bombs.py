"""Small messages that become large, deep or slow when they are decoded, at a component."""

from __future__ import annotations

import time
from typing import Final

import msgpack
import zmq

from faults.arena import Arena
from faults.case import case
from faults.cases.frames import TOPIC, listener, still_hears

GROUP: Final = "Messages that explode, at a component"

BOUND_MB: Final = 96
"""The message in a few queues, and what a decoder may take before it refuses: a million containers
of 64 bytes."""

_MILLION: Final = 1_000_000
_MANY: Final = 4 * _MILLION


def _explodes(arena: Arena, body: bytes, **options: object) -> None:
    """Send one bomb to a component; note its memory, the time it takes and whether it lives."""
    arena.start()
    publisher = arena.component()
    publisher.ready()
    stranger = arena.zmq_socket(zmq.PUB)
    subscriber = listener(arena, publisher, stranger, **options)
    idle = subscriber.resident_mb()
    subscriber.forget_peak()
    started = time.monotonic()
    stranger.send_multipart([TOPIC, body])
    if still_hears(stranger, subscriber):
        grown = max(0.0, subscriber.peak_mb() - idle)
        arena.note("component grew by", grown, "MB", at_most=BOUND_MB)
        arena.note("next message after", time.monotonic() - started, "s", at_most=5)
    else:
        arena.record.fail(f"the component ended: {subscriber.end_in_words()}")


def _array(count: int) -> bytes:
    return b"\xdd" + count.to_bytes(4, "big")


@case("4 MB: an array of 4 million empty maps", group=GROUP, fast=True)
def empty_maps(arena: Arena) -> None:
    _explodes(arena, _array(_MANY) + b"\x80" * _MANY)


@case("4 MB: an array of 4 million empty arrays", group=GROUP)
def empty_arrays(arena: Arena) -> None:
    _explodes(arena, _array(_MANY) + b"\x90" * _MANY)


@case("4 MB: 4 million empty maps one after the other", group=GROUP)
def maps_in_a_row(arena: Arena) -> None:
    _explodes(arena, b"\x80" * _MANY)


@case("1 MB: a million arrays inside each other", group=GROUP, fast=True)
def deep_arrays(arena: Arena) -> None:
    _explodes(arena, b"\x91" * _MILLION + b"\xc0")


@case("3 MB: a million maps inside each other", group=GROUP)
def deep_maps(arena: Arena) -> None:
    _explodes(arena, b"\x81\xa1x" * _MILLION + b"\xc0")


@case("600 maps inside each other", group=GROUP, fast=True)
def fairly_deep(arena: Arena) -> None:
    """Within what a decoder may take, above what Python's own recursion stands."""
    _explodes(arena, b"\x81\xa1x" * 600 + b"\xc0")


@case("4 MB: a map of a million keys, cut off", group=GROUP)
def many_keys_cut_off(arena: Arena) -> None:
    body = b"\xdf" + _MILLION.to_bytes(4, "big")
    keys = b"".join(b"\xa3" + number.to_bytes(3, "big").replace(b"\xff", b"z") + b"\xc0"
                    for number in range(0x202020, 0x202020 + 800_000))  # fmt: skip
    _explodes(arena, body + keys)


@case("an array header that announces 100 million, in 5 bytes", group=GROUP, fast=True)
def announced_array(arena: Arena) -> None:
    _explodes(arena, _array(100 * _MILLION))


@case("a number of 15 MB as text", group=GROUP)
def long_number(arena: Arena) -> None:
    _explodes(arena, msgpack.packb({"number": "9" * 15 * _MILLION}))
