"""Whatever a payload and whatever the bytes: the three libraries do the same."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.errors import DecodeError, PayloadTypeError
from banyan.wire import codec, layout
from banyan.wire.backends import load
from banyan.wire.codec import Ext
from banyan.wire.payload import settle

BACKENDS = ("msgspec", "msgpack", "umsgpack")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC) | OFFSETS)
EXTS = st.builds(Ext, st.integers(-128, 127).filter(lambda code: code != -1), st.binary())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | TEXT
    | st.binary(max_size=300)
    | st.binary(max_size=40).map(bytearray)
    | MOMENTS
)
KEYS = TEXT | st.binary(max_size=10)


def containers(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return (
        st.lists(inner, max_size=20)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=20)
    )


PAYLOADS_OF_MSGPACK = st.recursive(LEAVES, containers, max_leaves=30)
PAYLOADS = st.recursive(LEAVES | EXTS, containers, max_leaves=30)


@pytest.fixture(autouse=True, scope="module")
def _restore() -> Iterator[None]:
    yield
    codec.use(None)


def as_received(value: object) -> object:
    """Say what a legal payload is at the other end, independently of the codec."""
    match value:
        case dict():
            return {key: as_received(item) for key, item in value.items()}
        case Ext():
            return value
        case list() | tuple():
            return [as_received(item) for item in value]
        case bytearray():
            return bytes(value)
        case datetime():
            return value.astimezone(UTC).replace(fold=0)
    return value


def decoded_by_each(body: bytes) -> list[str]:
    """Return each library's object as its repr, which also tells 1 from True and 0.0 from -0.0."""
    results = []
    for name in BACKENDS:
        codec.use(name)
        try:
            results.append(repr(codec.decode(body)))
        except DecodeError:
            results.append("refused")
    return results


def encoded_by_each(payload: object) -> list[bytes]:
    results = []
    for name in BACKENDS:
        codec.use(name)
        results.append(codec.encode(payload))
    return results


@given(PAYLOADS)
def test_legal_payloads_have_the_same_bytes_and_come_back(payload: object) -> None:
    first, *others = encoded_by_each(payload)
    assert others == [first, first]
    assert decoded_by_each(first) == [repr(as_received(payload))] * 3


@given(PAYLOADS_OF_MSGPACK)
def test_the_bytes_are_those_python_banyan_sends(payload: object) -> None:
    codec.use("msgspec")
    assert codec.encode(payload) == msgpack.packb(payload, use_bin_type=True, datetime=True)


@settings(max_examples=300)
@given(st.binary(max_size=40))
def test_any_bytes_are_read_alike(body: bytes) -> None:
    first, *others = decoded_by_each(body)
    assert others == [first, first]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a valid body with some bytes replaced, inserted or lost."""
    codec.use("msgspec")
    body = bytearray(codec.encode(draw(PAYLOADS)))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(body)))
        lost = draw(st.integers(0, 2))
        body[start : start + lost] = draw(st.binary(max_size=3))
    return bytes(body)


@settings(max_examples=300)
@given(damaged())
def test_damaged_payloads_are_read_alike(body: bytes) -> None:
    first, *others = decoded_by_each(body)
    assert others == [first, first]


MAPS = st.lists(st.tuples(st.sampled_from(["a", "b", b"a", "c" * 40]), LEAVES), max_size=6)


@given(st.lists(MAPS, max_size=3))
def test_repeated_keys_are_read_alike(maps: list[list[tuple[object, object]]]) -> None:
    codec.use("msgspec")
    body = bytes([0x90 + len(maps)])
    for entries in maps:
        body += bytes([0x80 + len(entries)])
        body += b"".join(codec.encode(key) + codec.encode(item) for key, item in entries)
    expected = [{key: as_received(item) for key, item in entries} for entries in maps]
    assert decoded_by_each(body) == [repr(expected)] * 3


ILLEGAL = st.sampled_from(
    [{1}, 1j, object(), datetime(2024, 1, 1), {5: 1}, {None: 1}, 2**64, -(2**63) - 1, "\ud800"]
)


@given(ILLEGAL, PAYLOADS, TEXT)
def test_illegal_payloads_are_refused_alike(offender: object, legal: object, key: str) -> None:
    messages = set()
    for name in BACKENDS:
        codec.use(name)
        with pytest.raises(PayloadTypeError) as caught:
            codec.encode([legal, {key: offender}])
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert messages.pop().startswith("payload[1]")


@given(PAYLOADS)
def test_the_layout_is_walked_from_item_to_item(payload: object) -> None:
    codec.use("msgspec")
    body = codec.encode(payload)
    position = entries = 0
    while position < len(body):
        size = layout.container_size(body, position)
        entries += 0 if size is None else size[1]
        position = layout.item_end(body, position)
    assert position == len(body)
    containers, expected = _census(payload)
    assert entries == expected
    assert layout.walk(body, 0, len(body)) == (len(body), containers)


def _census(payload: object) -> tuple[int, int]:
    if isinstance(payload, Ext) or not isinstance(payload, dict | list | tuple):
        return 0, 0
    inner = [_census(i) for i in (payload.values() if isinstance(payload, dict) else payload)]
    return 1 + sum(c for c, _ in inner), len(payload) + sum(e for _, e in inner)


@given(PAYLOADS | st.dictionaries(TEXT, st.integers() | TEXT | st.lists(st.floats())))
def test_the_quick_way_of_decoding_says_what_the_thorough_one_says(payload: object) -> None:
    backend = load("msgspec")
    try:
        body = codec.encode(payload)
    except PayloadTypeError:
        return
    thorough, quick = settle(backend.decode(body), backend.revive), None
    with contextlib.suppress(Exception):  # it may refuse, it may not differ
        assert backend.decode_usual is not None
        quick = backend.decode_usual(body)
    if quick is not None:
        assert repr(quick) == repr(thorough)


@pytest.mark.parametrize(
    "body", [b"\x81\x01\x02", b"\x81\xa1a" * 200 + b"\x01", b"\x81\xa1a\xc1", b"\x80\x80", b"\x05"]
)
def test_the_quick_way_refuses_what_is_not_surely_legal(body: bytes) -> None:
    usual = load("msgspec").decode_usual
    assert usual is not None
    with pytest.raises(Exception, match=r".+"):
        usual(body)
