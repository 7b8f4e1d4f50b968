"""Any bytes as a backplane's word on what one may do: rights that say themselves again, or none."""

from __future__ import annotations

from collections.abc import Iterator

from banyan.keys.rights import Rights
from banyan.wire import codec
from fuzz.pieces import cut, join

_KEY = b"k" * 40


def one_input(data: bytes) -> None:
    body, *topics = cut(data) or [b""]
    rights = Rights.unpack(body, _KEY)
    if rights is None:
        return
    assert Rights.unpack(rights.pack(), _KEY) == rights
    for topic in topics:
        reserved = topic.startswith(b"__banyan__/")
        if not reserved:
            assert rights.may_publish(topic) == any(map(topic.startswith, rights.publish))
            assert rights.may_subscribe(topic) == any(map(topic.startswith, rights.subscribe))
        if rights.may_subscribe(topic) and not reserved:
            assert rights.may_subscribe(topic + b"/longer")


def seeds() -> Iterator[bytes]:
    yield join(Rights((b"camera/",), (b"command/", b"")).pack(), b"camera/1", b"other", b"")
    yield join(Rights().pack(), b"camera/1", b"__banyan__/probe/" + b"0" * 32)
    yield join(codec.encode({"publish": "all", "subscribe": [5]}))
    yield join(codec.encode({"publish": ["\u20ac"], "subscribe": [], "more": None}), b"\xe2\x82")
