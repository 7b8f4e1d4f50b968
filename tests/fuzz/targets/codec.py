"""Any bytes as a payload: all MessagePack libraries read the same or refuse; it packs again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgpack

from banyan.errors import DecodeError
from banyan.wire import codec
from fuzz import refusals
from fuzz.samples import ARRAYS, PLAIN

_REFUSED = object()


def one_input(data: bytes) -> None:
    found = {name: _read(name, data) for name in codec.available()}
    codec.use(None)
    legal = {name: repr(value) for name, value in found.items() if value is not _REFUSED}
    assert len(set(legal.values())) <= 1, legal
    assert len(legal) in (0, len(found)) or _repeats_a_key(data), legal
    value = next(iter(found.values()))
    if value is not _REFUSED:
        assert repr(codec.decode(codec.encode(value))) == repr(value)


def _repeats_a_key(data: bytes) -> bool:
    """Tell whether one entry of a map replaces another: not all libraries judge what it hides."""
    repeats = []

    def look(pairs: list[tuple[object, object]]) -> None:
        keys = [repr(key) for key, _ in pairs]
        repeats.append(len(set(keys)) < len(keys))

    with contextlib.suppress(ValueError, OverflowError):
        msgpack.unpackb(
            data, object_pairs_hook=look, strict_map_key=False, ext_hook=msgpack.ExtType
        )
    return any(repeats)


def _read(name: str, data: bytes) -> object:
    codec.use(name)
    try:
        return codec.decode(data)
    except DecodeError as error:
        refusals.check(error)
        return _REFUSED


def seeds() -> Iterator[bytes]:
    for payload in PLAIN:
        yield codec.encode(payload)
    for payload in ARRAYS:
        yield codec.encode(payload, arrays=True)
    yield b"\x82\xa1a\x01\xa1a\x02"  # a repeated key
    yield b"\x82\xa1a\x91\x81\x91\xa1a\x91\x01\xa1a\x02"  # one that hides an illegal value
    yield b"\xdd\xff\xff\xff\xff\x80"  # a size that lies
    yield b"\x91" * 150 + b"\xc0"
