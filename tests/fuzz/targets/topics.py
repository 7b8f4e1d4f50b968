"""Any bytes as a topic's frame, and as a text to make one of."""

from __future__ import annotations

from collections.abc import Iterator

from banyan.errors import DecodeError, TopicError
from banyan.limits import MAX_TOPIC_BYTES
from banyan.wire import topics
from fuzz import refusals


def one_input(data: bytes) -> None:
    _receive(data)
    text = data.decode("utf-8", "surrogateescape")
    try:
        frame = topics.encode_topic(text)
    except TopicError as error:
        refusals.check(error)
        return
    assert frame == data
    assert topics.open_topic(frame) == text == topics.decode_topic(frame)


def _receive(frame: bytes) -> None:
    try:
        topic = topics.open_topic(frame)
    except DecodeError as error:
        refusals.check(error)
        return
    assert (topic is None) == topics.is_reserved(frame)
    assert topic is None or topic.encode() == frame
    assert len(frame) <= MAX_TOPIC_BYTES


def seeds() -> Iterator[bytes]:
    yield from (b"", b"echo", "größe/1".encode(), b"__banyan__/probe", b"\xed\xa0\x80", b"\xff")
    yield b"x" * (MAX_TOPIC_BYTES + 1)
