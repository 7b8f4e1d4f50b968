from __future__ import annotations

import tracemalloc
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum

import msgspec
import pytest

from banyan.errors import DecodeError, PayloadTypeError
from banyan.limits import MAX_CONTAINERS, MAX_DEPTH
from banyan.wire import codec, layout
from banyan.wire.codec import Ext


class Colour(IntEnum):
    RED = 1


def nested(depth: int, core: object = None) -> object:
    for _ in range(depth):
        core = [core]
    return core


# --- what cannot be published ---------------------------------------------------------------


@dataclass
class Reading:
    value: int


class Struct(msgspec.Struct):
    value: int


NO_FORM = "which has no MessagePack form"
ILLEGAL: list[tuple[object, str]] = [
    ({"motors": [1, 2, {"speed": {3}}]}, f"payload['motors'][2]['speed'] is a set, {NO_FORM}"),
    ({1, 2}, f"payload is a set, {NO_FORM}; send a list instead"),
    (frozenset(), "send a list instead"),
    (range(3), "send a list instead"),
    (iter([]), "list_iterator"),
    ({"a": {5: 1}}, "payload['a'][5] is under an int key; keys are str or bytes; use str(key)"),
    ({None: 1}, "payload[None] is under a NoneType key"),
    ({(1, 2): 1}, "payload[(1, 2)] is under a tuple key"),
    ({Ext(1, b""): 1}, "under an Ext key"),
    (datetime(2024, 1, 1), "a datetime without a timezone; use datetime.now(UTC)"),
    (date(2024, 1, 1), "send its isoformat()"),
    (datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), "outside the years 1 .. 9999"),
    (timedelta(1), "is a timedelta"),
    (uuid.uuid4(), "is a UUID"),
    (Decimal(1), "is a Decimal"),
    (1j, "numpy=True"),
    (Reading(1), "is a Reading, which has no MessagePack form; send a dict of its fields"),
    (Struct(1), "is a Struct"),
    (object(), "is an object"),
    (len, "is a builtin_function_or_method"),
    ([2**64], "payload[0] is an int of 65 bits, outside -2**63 .. 2**64-1"),
    ([-(2**63) - 1], "payload[0] is an int of 64 bits"),
    (10**5000, "is an int of 16610 bits"),
    ({"name": "a\udcff"}, "payload['name'] has a lone surrogate at position 1"),
    ({"\ud800": 1}, "lone surrogate"),
    (Ext(128, b""), "is no legal Ext"),
    (Ext(1, "text"), "is no legal Ext"),  # type: ignore[arg-type]
    (Ext(-1, b"x"), "is no legal timestamp"),
]


@pytest.mark.parametrize(("payload", "words"), ILLEGAL, ids=[words for _, words in ILLEGAL])
def test_illegal_payloads_are_named(backend: str, payload: object, words: str) -> None:
    with pytest.raises(PayloadTypeError) as caught:
        codec.encode(payload)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_depth_is_bounded_when_publishing(backend: str) -> None:
    assert codec.decode(codec.encode(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    assert codec.decode(codec.encode(nested(MAX_DEPTH, Colour.RED))) == nested(MAX_DEPTH, 1)
    for payload in (nested(MAX_DEPTH + 1), nested(5000), {"a": nested(MAX_DEPTH)}):
        with pytest.raises(PayloadTypeError, match=f"more than {MAX_DEPTH} maps and arrays deep"):
            codec.encode(payload)


def test_a_payload_that_contains_itself_is_refused(backend: str) -> None:
    payload: dict[str, object] = {"name": 1}
    payload["self"] = [payload]
    with pytest.raises(PayloadTypeError, match="does the payload contain itself") as caught:
        codec.encode(payload)
    assert len(str(caught.value)) < 300


# --- what is refused when it arrives --------------------------------------------------------

BROKEN = [
    b"",
    b"\xc1",
    b"\xc0\xc0",  # trailing bytes
    b"\x81\xa1a",  # truncated
    b"\xa1\xff",  # not UTF-8
    b"\xa3\xed\xa0\x80",  # a surrogate
    b"\x81\x05\x01",  # int, None, float, list, map, ext and timestamp as keys
    b"\x81\xc0\x01",
    b"\x81\xca\x00\x00\x00\x00\x01",
    b"\x81\x90\x01",
    b"\x81\x80\x01",
    b"\x81\xd4\x05a\x01",
    b"\x81\xd6\xff\x00\x00\x00\x00\x01",
    b"\x91\x91\x81\x05\x01",
]


@pytest.mark.parametrize("body", BROKEN)
def test_broken_payloads_are_refused(backend: str, body: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        codec.decode(body)
    assert str(caught.value).isprintable()


def test_of_a_repeated_key_the_last_wins(backend: str) -> None:
    body = b"\x92\x83\xa1a\x01\xa1b\x91\xc3\xa1a\x82\xd9\x01k\x02\xa1k\xc4\x01x\x07"
    assert codec.decode(body) == [{"a": {"k": b"x"}, "b": [True]}, 7]
    for broken in (body[:-1], body + b"\x00", b"\x83\xa1a\x01\xa1a\x02\x05\x01"):
        with pytest.raises(DecodeError):
            codec.decode(broken)


@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1a"])
def test_depth_is_bounded_when_receiving(backend: str, opening: bytes) -> None:
    codec.decode(opening * MAX_DEPTH + b"\xc0")
    for depth in (MAX_DEPTH + 1, 500, 5000, 200_000):
        with pytest.raises(DecodeError):
            codec.decode(opening * depth + b"\xc0")


@pytest.mark.parametrize("head", [b"\xdd", b"\xdf", b"\xdb", b"\xc6", b"\xc9"])
def test_a_size_that_lies_allocates_nothing(backend: str, head: bytes) -> None:
    codec.decode(b"\xc0")
    tracemalloc.start()
    try:
        for size in (b"\xff\xff\xff\xff", b"\x01\x00\x00\x00"):
            with pytest.raises(DecodeError):
                codec.decode(head + size + b"\xa1a\x01")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_payload_bombs_are_refused_before_they_go_off() -> None:
    def bomb(containers: int) -> bytes:
        return b"\xdd" + (containers - 1).to_bytes(4) + b"\x80" * (containers - 1)

    layout.check_containers(bomb(MAX_CONTAINERS))
    refused = bomb(MAX_CONTAINERS + 1)
    codec.decode(b"\xc0")
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match=str(MAX_CONTAINERS)):
            codec.decode(refused)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_bytes_that_only_look_like_maps_are_no_bomb() -> None:
    payload = {"image": b"\x80" * (2 * MAX_CONTAINERS), "text": "x", "t": Ext(1, b"\x90" * 10)}
    assert codec.decode(codec.encode(payload)) == payload
