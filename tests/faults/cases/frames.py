"""Messages that are none, at a component: each kind alone; one that dies of it is replaced."""

from __future__ import annotations

import random
from typing import Any, Final

import msgpack
import zmq

from faults.arena import Arena
from faults.case import case
from faults.components import Component
from faults.processes import FaultError, wait_until

GROUP: Final = "Messages that are none, at a component"

TOPIC: Final = b"innocent"

_GOOD: Final = msgpack.packb({"some": "payload"})

KINDS: Final[dict[str, list[bytes]]] = {
    "empty payload": [TOPIC, b""],
    "map cut off": [TOPIC, b"\x82\xa1a"],
    "text cut off": [TOPIC, b"\xd9\xffabc"],
    "byte that MessagePack never uses": [TOPIC, b"\xc1"],
    "two payloads in one frame": [TOPIC, _GOOD * 2],
    "random bytes": [TOPIC, random.Random(8).randbytes(500)],
    "one frame": [TOPIC],
    "three frames": [TOPIC, _GOOD, _GOOD],
    "a hundred frames": [TOPIC, *[_GOOD] * 99],
    "empty frames only": [TOPIC, b"", b"", b""],
    "topic that is no UTF-8": [TOPIC + b"\xff\xfe\xc3\x28", _GOOD],
    "text that is no UTF-8": [TOPIC, b"\x81\xa1x\xa2\xc3\x28"],
    "numbers for keys": [TOPIC, msgpack.packb({1: 2})],
    "nothing for a key": [TOPIC, msgpack.packb({None: 2})],
    "array for a key": [TOPIC, b"\x81\x90\xc0"],
    "unknown extension": [TOPIC, msgpack.packb(msgpack.ExtType(42, b"?"))],
    "time out of range": [TOPIC, b"\xc7\x0c\xff" + b"\xff" * 12],
    "array of 4 billion, empty": [TOPIC, b"\xdd\xff\xff\xff\xff"],
    "map of 4 billion, empty": [TOPIC, b"\xdf\xff\xff\xff\xff"],
    "4 GB of bytes, none there": [TOPIC, b"\xc6\xff\xff\xff\xff"],
    "bare number": [TOPIC, msgpack.packb(7)],
}


@case(f"{len(KINDS)} kinds of broken message", group=GROUP, fast=True)
def broken_messages(arena: Arena) -> None:
    arena.start()
    publisher = arena.component()
    publisher.ready()
    stranger = arena.zmq_socket(zmq.PUB)
    subscriber = listener(arena, publisher, stranger)
    deadly = []
    for kind, frames in KINDS.items():
        stranger.send_multipart(frames)
        if not still_hears(stranger, subscriber):
            deadly.append(kind)
            subscriber.close()
            subscriber = listener(arena, publisher, stranger)
    arena.note("deadly", len(deadly), f"of {len(KINDS)}", at_most=0)


def listener(
    arena: Arena, publisher: Component, stranger: zmq.Socket[bytes], **options: Any
) -> Component:
    """Start a component that hears the stranger."""
    subscriber = arena.component(TOPIC.decode(), "proof", **options)
    subscriber.ready()
    arena.meet(publisher, subscriber)
    assert still_hears(stranger, subscriber)
    return subscriber


def still_hears(stranger: zmq.Socket[bytes], subscriber: Component) -> bool:
    """Tell whether a component lives and hears a proper message after what it got before."""
    message = msgpack.packb({"publisher": "stranger", "number": 0})
    try:
        before = subscriber.page("stranger")["received"]
        wait_until(
            lambda: (
                stranger.send_multipart([TOPIC, message])
                or subscriber.page("stranger")["received"] > before
            ),
            10,
            "a component hears a proper message after a broken one",
        )
    except FaultError:
        if subscriber.wait(1) is None:
            raise
        return False
    return True
