"""Zenoh through a router: clients of eclipse-zenoh and a router between them.

Neither Debian nor PyPI has zenohd, but the Python package is the same Rust runtime: a session in
mode `router` is one. Set beyond the defaults: a full queue makes `put` wait instead of dropping
(CongestionControl.BLOCK), and multicast scouting is off, so that measurements do not meet each
other. Shared memory is on, as it is by default: on one machine payloads over 3 KB go through it.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from benchmarks.adapter import Message, OnMessage, Place
from benchmarks.installed import library_missing
from benchmarks.packing import packer, unpacker

if TYPE_CHECKING:
    import zenoh

NAME = "Zenoh, router"
PORTS = 1
ABILITIES = frozenset({"arrays"})

_PAUSE_S: Final = 0.001
_LINGER_S: Final = 0.3
"""How long a publisher stays after its last message: what lies unread in shared memory goes with
the session that wrote it (measured: up to 7 % of 20,000 messages of 10 KB), and nothing tells."""

_MOST_PUBLISHERS: Final = 100
"""Topics that get a publisher of their own, which is faster; declaring thousands takes seconds."""


def missing() -> str | None:
    """The Python package is all there is."""
    return library_missing("zenoh", "eclipse-zenoh")


def broker(place: Place) -> Sequence[str]:
    """Return the command of a router."""
    return [sys.executable, "-m", "benchmarks.adapters.zenoh_router", str(place.ports[0])]


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Publish with `put`."""
    with _client(places[0]) as session:
        publish_in(session, messages, packer(places[0]))


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive in a callback."""
    with _client(places[0]) as session:
        converse_in(session, places[0], topics, on_message, ready)


def publish_in(
    session: zenoh.Session,
    messages: Iterable[Message | None],
    pack: Callable[[Any], bytes],
) -> None:
    """Publish in any kind of session."""
    puts = _Puts(session)
    for message in messages:
        if message is None:
            time.sleep(_PAUSE_S)
        else:
            puts[message[0]](pack(message[1]))
    time.sleep(_LINGER_S)


def converse_in(
    session: zenoh.Session,
    place: Place,
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive in any kind of session, in one thread."""
    pack, unpack = packer(place), unpacker(place)
    puts = _Puts(session)

    def receive(sample: zenoh.Sample) -> None:
        answer = on_message(unpack(sample.payload.to_bytes()))
        if answer is not None:
            puts[answer[0]](pack(answer[1]))

    def begin() -> None:
        if (first := ready()) is not None:
            puts[first[0]](pack(first[1]))

    if len(topics) == 1:
        _receive_one(session, topics[0], receive, begin)
    else:
        _receive_many(session, topics, receive, begin)


def configured(mode: str, *, listen: str = "", connect: str = "") -> zenoh.Config:
    """Return the configuration of a session in one of Zenoh's modes."""
    import zenoh

    settings = {
        "mode": mode,
        "listen": {"endpoints": [listen] if listen else []},
        "connect": {"endpoints": [connect] if connect else []},
        "scouting": {"multicast": {"enabled": False}},
    }
    return zenoh.Config.from_json5(json.dumps(settings))


def url(place: Place) -> str:
    """Return a place as Zenoh writes it."""
    return f"tcp/127.0.0.1:{place.ports[0]}"


class _Puts(dict[str, "Callable[[bytes], None]"]):
    """How to publish on each topic."""

    def __init__(self, session: zenoh.Session) -> None:
        import zenoh

        super().__init__()
        self._session = session
        self._block = zenoh.CongestionControl.BLOCK

    def __missing__(self, topic: str) -> Callable[[bytes], None]:
        if len(self) >= _MOST_PUBLISHERS:
            return lambda body: self._session.put(topic, body, congestion_control=self._block)
        publisher = self._session.declare_publisher(topic, congestion_control=self._block)
        put: Callable[[bytes], None] = publisher.put
        self[topic] = put
        return put


def _receive_one(
    session: zenoh.Session,
    topic: str,
    receive: Callable[[zenoh.Sample], None],
    begin: Callable[[], None],
) -> None:
    """Receive in a callback, for which Zenoh starts a thread: the fastest way there is."""
    session.declare_subscriber(topic, receive)
    begin()
    threading.Event().wait()


def _receive_many(
    session: zenoh.Session,
    topics: Sequence[str],
    receive: Callable[[zenoh.Sample], None],
    begin: Callable[[], None],
) -> None:
    """Receive from one queue: a thread for each of 10,000 subscriptions takes 20 s to start."""
    import zenoh

    samples: queue.SimpleQueue[zenoh.Sample] = queue.SimpleQueue()
    for topic in topics:
        session.declare_subscriber(topic, zenoh.handlers.Callback(samples.put, indirect=False))
    begin()
    while True:
        receive(samples.get())


def _client(place: Place) -> zenoh.Session:
    import zenoh

    return zenoh.open(configured("client", connect=url(place)))


def main() -> None:
    """Be a router: `zenoh_router.py PORT`."""
    import zenoh

    with zenoh.open(configured("router", listen=f"tcp/127.0.0.1:{sys.argv[1]}")):
        threading.Event().wait()


if __name__ == "__main__":
    main()
