"""The receive loop keeps step through any mixture of messages, and never invents a gap."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.counters import Counters
from banyan.errors import BanyanError, DecodeError
from banyan.receiver import Receiver
from banyan.sequences import SequenceWatch, Stamper
from banyan.transport import sockets
from banyan.transport.flood import FloodWatch
from banyan.transport.link import Link
from banyan.wire import codec
from banyan.wire.stamp import Stamp

TOPICS = ("camera/front", "größe", "lidar", "t")
PAYLOADS: tuple[Any, ...] = (
    {"n": 1},
    {},
    {"a": {"b": [1]}},
    5,
    "text",
    None,
    [1, 2],
    b"x" * 70_000,
)
END = "the very end"


class FakeLink(Link):
    """A link whose subscriber is at hand and whose publisher is the test."""

    def __init__(self, subscriber: sockets.SubscriberSocket, topics: set[str]) -> None:
        self.name, self.address = "", "test"
        self.subscriber = subscriber
        self.sequences = SequenceWatch()
        self.stamped = False
        self.last_topic = None
        self.topics = topics

    def look(self) -> None:
        """There are no connections to look at."""


@dataclass
class Listener:
    """A consumer that keeps what it gets; it may look for the next message, as monitor does."""

    receiver: Receiver
    polls: bool
    numpy: bool = False
    got: list[tuple[str, Any]] = field(default_factory=list)
    stamps: list[Stamp | None] = field(default_factory=list)
    gaps: Counter[str] = field(default_factory=Counter)

    @property
    def component(self) -> Listener:
        return self

    def deliver(self, link: Link, topic: str, payload: Any) -> None:
        if topic == END:
            self.receiver.stop()
            return
        self.got.append((topic, payload))
        self.stamps.append(self.receiver.stamps.opened())
        if self.polls and link.subscriber is not None:
            link.subscriber.poll(0)

    def gap(self, topic: str, publisher: str, missed: int) -> None:
        self.gaps[topic] += missed

    def undecodable(self, topic: bytes, error: DecodeError, source: str) -> None: ...
    def missed(self, topic: bytes, error: BanyanError, source: str) -> None: ...

    def idle(self) -> None:
        """Give up: the end was not recognised."""
        self.receiver.stop()

    def pause(self) -> float:
        return 2.0


def _read(messages: list[list[bytes]], *, polls: bool, stamped: bool, topics: set[str]) -> Listener:
    """Send messages through a real socket and loop; return what came out."""
    context: zmq.Context[Any] = zmq.Context()
    try:
        publisher = context.socket(zmq.XPUB)
        publisher.sndhwm = 0
        publisher.bind("inproc://test")
        subscriber = sockets.open_subscriber(context)
        receiver = Receiver(context, Counters(), FloodWatch(context))
        link = FakeLink(subscriber, topics)
        link.stamped = stamped
        receiver.add(link)
        subscriber.connect("inproc://test")
        for topic in (*topics, END):
            subscriber.subscribe(topic)
        asked = set()
        while END.encode() not in asked:
            asked.add(publisher.recv()[1:])
        for message in [*messages, [END.encode(), b"\x80"]]:
            publisher.send_multipart(message)
        listener = Listener(receiver, polls)
        receiver.run(listener)
        receiver.close()
        return listener
    finally:
        context.destroy(linger=0)


def _frames(topic: str, payload: Any, stamper: Stamper | None) -> list[bytes]:
    head = topic.encode()
    frames = [head, codec.encode(payload)]
    return frames if stamper is None else [*frames, stamper.stamp(head, 1)]


steps = st.lists(
    st.tuples(
        st.integers(0, 4),  # who: 0 and 1 stamp, the others do not
        st.sampled_from(TOPICS),
        st.sampled_from(PAYLOADS),
        st.sampled_from(["sent", "sent", "sent", "sent", "lost", "interrupted"]),
    ),
    max_size=40,
)
ways = st.fixed_dictionaries(
    {
        "polls": st.booleans(),
        "stamped": st.booleans(),
        "topics": st.sampled_from([{""}, set(TOPICS)]),
    }
)


@settings(max_examples=400, deadline=None)
@given(steps=steps, way=ways)
def test_mixtures_of_stamped_and_unstamped_messages(steps: list[Any], way: Any) -> None:
    stampers = Stamper(), Stamper()
    sent, messages, missing = [], [], Counter[str]()
    lost: Counter[tuple[int, str]] = Counter()
    seen = set()
    for who, topic, payload, fate in steps:
        stamper = stampers[who] if who < 2 else None
        frames = _frames(topic, payload, stamper)
        if fate == "lost":
            lost[who, topic] += 1
            continue
        if stamper is not None:
            if (who, topic) in seen:
                missing[topic] += lost[who, topic]
            lost[who, topic] = 0
            seen.add((who, topic))
            if fate == "interrupted":
                frames.insert(1, frames[1])
        messages.append(frames)
        sent.append((topic, payload))
    listener = _read(messages, **way)
    assert listener.got == sent
    assert +listener.gaps == +missing
    assert listener.receiver._counters.duplicates == 0
    # Where stamps were not expected, the repeated payload is taken for a message, and dropped.
    repeated = 0 if way["stamped"] else sum(len(message) == 4 for message in messages)
    assert listener.receiver._counters.undecodable <= repeated
    if way["stamped"]:
        assert [bool(one) for one in listener.stamps] == [len(m) > 2 for m in messages]


odd = st.sampled_from([
    [b"camera/front"], [b"lidar", b"\xc1"], [b"lidar", b"\x05", b"third frame"], [b"camera/x"],
    [b"lidar", Stamper().stamp(b"lidar", 1)],
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    steps=st.lists(st.one_of(odd, st.integers(0, 3)), max_size=40),
    way=ways,
    payload=st.sampled_from(PAYLOADS),
)
def test_odd_messages_cost_no_other_and_make_no_gap(
    steps: list[Any], way: Any, payload: Any
) -> None:
    stampers = Stamper(), Stamper()
    sent: list[tuple[str, Any]] = []
    messages = []
    for step in steps:
        if isinstance(step, int):
            stamper = stampers[step] if step < 2 else None
            messages.append(_frames("camera/front", payload, stamper))
            sent.append(("camera/front", payload))
        else:
            messages.append(step)
            if len(step) == 3:
                sent.append(("lidar", 5))
    listener = _read(messages, **way)
    assert listener.got == sent
    assert not listener.gaps
