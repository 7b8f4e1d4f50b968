"""Zenoh without a broker: peers that talk to each other directly.

The first process listens on the port and is the entry point; the others connect to it, and Zenoh's
gossip makes all of them know each other. Processes join one after the other, as they do when people
start them: of pairs that joined in the same millisecond, one in a hundred never heard of each
other's subscription (measured, 1.10.2). Otherwise set as in `zenoh_router`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from benchmarks.adapter import Message, OnMessage, Place
from benchmarks.adapters.zenoh_router import configured, converse_in, missing, publish_in, url
from benchmarks.packing import packer

if TYPE_CHECKING:
    import zenoh

__all__ = ["ABILITIES", "NAME", "PORTS", "broker", "converse", "missing", "publish"]

NAME = "Zenoh, peer"
PORTS = 1
ABILITIES = frozenset({"arrays"})

_TURN_INTERVAL_S: Final = 0.001


def broker(_: Place) -> None:
    """There is none."""


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Publish with `put`."""
    with _turn_to_join(places[0]):
        session = _peer(places[0])
    with session:
        publish_in(session, messages, packer(places[0]))


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive in a callback."""
    with contextlib.ExitStack() as joining:
        joining.enter_context(_turn_to_join(places[0]))

        def joined() -> Message | None:
            joining.close()
            return ready()

        with _peer(places[0]) as session:
            converse_in(session, places[0], topics, on_message, joined)


@contextlib.contextmanager
def _turn_to_join(place: Place) -> Iterator[None]:
    """Wait until no other process of a place is joining."""
    turn = place.folder / "joining"
    while True:
        try:
            turn.touch(exist_ok=False)
            break
        except FileExistsError:
            time.sleep(_TURN_INTERVAL_S)
    try:
        yield
    finally:
        turn.unlink()


def _peer(place: Place) -> zenoh.Session:
    import zenoh

    try:
        return zenoh.open(configured("peer", listen=url(place)))
    except zenoh.ZError:  # another process listens there
        return zenoh.open(configured("peer", listen="tcp/127.0.0.1:0", connect=url(place)))
