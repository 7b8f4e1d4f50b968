"""Any text as the topics of a specification's row: what is read can be written and read again."""

from __future__ import annotations

from collections.abc import Iterator

from banyan.routing.topics_field import EVERYTHING, parse_topics
from banyan.wire.topics import encode_topic
from fuzz import refusals


def one_input(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    try:
        topics = parse_topics(text)
    except ValueError as error:
        refusals.check(error)
        return
    assert all(encode_topic(topic) is not None for topic in topics)
    inside = "*" if topics == (EVERYTHING,) else ",".join(topics)
    assert f"[{inside}]" == text


def seeds() -> Iterator[bytes]:
    yield from (b"", b"[]", b"[*]", b"[a]", b"[a,b,sensor/1]", "[größe]".encode(), b"[a, b]")
    yield from (b'["a","b"]', b"[a", b"[a,,b]", b"[a,*]", b"[[]]", b"[\xff]", b"[__banyan__/x]")
