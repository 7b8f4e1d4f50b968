from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.errors import DecodeError
from banyan.limits import MAX_SHARED_LEAVES
from banyan.wire import codec, handle
from banyan.wire.handle import Handle

HANDLE = Handle("pi", "b", "0123456789abcdef" * 2, 3, 7, [[64, 100]], "x", {"frame": {"x": 0}})


@pytest.fixture(params=["msgspec", "msgpack", "umsgpack"])
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    codec.use(request.param)
    yield request.param
    codec.use(None)


@pytest.mark.usefixtures("backend")
def test_a_round_trip() -> None:
    body = handle.pack(HANDLE)
    assert handle.is_handle(body)
    assert handle.unpack(body) == HANDLE


def test_a_large_handle_may_be_read_where_it_lies() -> None:
    large = dataclasses.replace(HANDLE, skeleton={"text": "x" * 2_000_000, "frame": {"x": 0}})
    body = memoryview(handle.pack(large))
    assert handle.is_handle(body)
    assert handle.unpack(body) == large


def test_a_subscriber_of_old_gets_a_map_that_explains_itself() -> None:
    seen = msgpack.unpackb(handle.pack(HANDLE))
    assert next(iter(seen)) == "banyan shared memory"
    assert "without shared=True" in seen["banyan shared memory"]
    assert seen["host"] == "pi"


def test_no_payload_of_a_program_is_taken_for_a_handle() -> None:
    assert not handle.is_handle(codec.encode({"banyan shared memory": "is fast"}))
    assert not handle.is_handle(b"")


def test_all_of_the_prefix_is_the_same_whatever_the_handle_says() -> None:
    other = dataclasses.replace(HANDLE, host="h" * 255, leaves=[[2**40, 9]] * 50, skeleton=None)
    assert handle.pack(other).startswith(handle.PREFIX)


def changed(**fields: object) -> bytes:
    """Pack a handle with fields changed, added, or taken away by None."""
    entries: dict[str, object] = codec.decode(handle.pack(HANDLE)) | fields
    return codec.encode({name: value for name, value in entries.items() if value is not None})


BROKEN: list[dict[str, Any]] = [
    {"banyan shared memory": "what?"},
    {"banyan shared memory": None},
    {"more": 1},
    *({name: None} for name in ("host", "boot", "ring", "segment", "generation", "leaves")),
    {"host": b"pi"},
    {"host": "h" * 256},
    {"boot": 1},
    {"hole": b"x"},
    {"ring": "../../../../../../etc/passwd/...."},
    {"ring": "0123456789ABCDEF" * 2},
    {"ring": "0123456789abcdef" * 2 + "\n"},
    {"ring": "0" * 31},
    {"ring": 17},
    {"segment": -1},
    {"segment": True},
    {"segment": 1.0},
    {"segment": "1"},
    {"segment": 2**63},
    {"generation": 0},
    {"generation": 2**64 - 1},
    {"leaves": []},
    {"leaves": {}},
    {"leaves": [64, 100]},
    {"leaves": [[64]]},
    {"leaves": [[64, 1, 1]]},
    {"leaves": [[64, 0]]},
    {"leaves": [[-64, 1]]},
    {"leaves": [[64, 2**63]]},
    {"leaves": [[64.0, 1]]},
    {"leaves": [[64, 1]] * (MAX_SHARED_LEAVES + 1)},
]


@pytest.mark.parametrize("fields", BROKEN, ids=repr)
def test_each_field_is_checked(fields: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        handle.unpack(changed(**fields))


def test_what_is_no_map_is_refused() -> None:
    for body in (b"", b"\x01", codec.encode([1]), handle.PREFIX, handle.pack(HANDLE) + b"\x00"):
        with pytest.raises(DecodeError):
            handle.unpack(body)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_bytes_gone_wrong_make_a_decode_error_or_a_handle_within_bounds(
    data: st.DataObject,
) -> None:
    body = bytearray(handle.pack(HANDLE))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = handle.unpack(bytes(body))
    except DecodeError:
        return
    assert len(found.ring) == 32
    assert all(char in "0123456789abcdef" for char in found.ring)
    assert found.segment >= 0
    assert found.generation >= 1
    assert all(offset >= 0 and length >= 1 for offset, length in found.leaves)
