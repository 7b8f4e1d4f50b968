"""Any frames in a row: one message is read or refused, and messages are told apart without loss."""

from __future__ import annotations

from collections.abc import Iterator

from banyan.errors import DecodeError
from banyan.wire import codec, frames, handle
from fuzz import refusals
from fuzz.pieces import cut, join
from fuzz.samples import ARRAYS, PLAIN
from fuzz.targets.arrays import said

_SUBSCRIBED = {"t", "echo", "größe/"}


def one_input(data: bytes) -> None:
    read = cut(data)
    _unpack(read)
    messages = frames.realign(read, _SUBSCRIBED)
    assert [frame for message in messages for frame in message] == read
    assert len(messages) in (1, 2)
    assert frames.realign(read, ())


def _unpack(read: list[bytes]) -> None:
    outcomes = []
    for body in ([*read], [*read[:1], *map(memoryview, read[1:])]):
        try:
            outcomes.append(said(frames.unpack(body, arrays=True, resolve=_resolve)[1]))
        except DecodeError as error:
            refusals.check(error)
            outcomes.append("refused")
    assert outcomes[0] == outcomes[1], outcomes


def _resolve(body: bytes, *, arrays: bool) -> object:
    assert handle.is_handle(body)
    return {"resolved": arrays}


def seeds() -> Iterator[bytes]:
    for payload in PLAIN:
        yield join(*frames.pack("echo", payload))
    for payload in ARRAYS:
        yield join(*frames.pack("größe/1", payload, arrays=True))
    first, second = frames.pack("t", {"a": 1}), frames.pack("t", "text")
    yield join(*first, *second)
    yield join(b"alone", *first)
    yield join(*second, b"a stamp", *first)
    yield join(b"t", handle.PREFIX + codec.encode({}))
    yield join(b"__banyan__/probe", frames.PROBE_PAYLOAD)
