"""What a legal payload is: the one rule, whichever library packs it and wherever it comes from.

Legal are None, bool, int (-2**63 .. 2**64-1), float, str, bytes, list, dict with str or bytes keys,
aware datetimes and Ext, inside each other up to MAX_DEPTH. When publishing, tuples go as arrays,
bytearrays and memoryviews as bytes, and subclasses as what they derive from.

`is_plain` is the test that every published payload takes; what fails it is normalised, which
converts or names the offender. `settle` is its counterpart for what was received.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, TypeAlias

from banyan.errors import DecodeError
from banyan.limits import MAX_DEPTH
from banyan.wire.backends import Backend
from banyan.wire.ext import TIMESTAMP_CODE, Ext, pack_timestamp, unpack_timestamp
from banyan.wire.unpackable import UnpackableError, hint_for
from banyan.wire.wording import a, shown

Payload: TypeAlias = Any
"""One MessagePack object. A program knows which of its topics carries what; a type cannot."""

Converter: TypeAlias = Callable[[object], object]
"""Returns another form of a value, or the value itself when it has none to offer."""

SCALARS: Final = frozenset({type(None), bool, int, float, str, bytes})
_LEAVES: Final = SCALARS | {datetime, Ext}
_ALWAYS_LEGAL: Final = frozenset({type(None), bool, float, bytes})


def is_plain(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Tell whether every library packs the value alike, as far as types can tell.

    Every message passes here, hence the plain loops: measured, 0.1 us for a dict of one entry.
    """
    kind = type(value)
    if kind is dict and depth:
        for key in value:
            if type(key) is not str and type(key) is not bytes:
                return False
            item = value[key]  # quicker than items()
            if type(item) not in SCALARS and not is_plain(item, depth - 1):
                return False
    elif (kind is list or kind is tuple) and depth:
        if not SCALARS.issuperset(map(type, value)):
            for item in value:
                if type(item) not in SCALARS and not is_plain(item, depth - 1):
                    return False
    else:
        return kind in SCALARS
    return True


class Normaliser:
    """Brings payloads into the form a backend packs; raises UnpackableError for what has none."""

    __slots__ = ("_backend", "_convert")

    def __init__(self, backend: Backend, convert: Converter | None = None) -> None:
        self._backend = backend
        self._convert = convert

    def value(self, value: Any, depth: int = MAX_DEPTH) -> object:
        """Return the normalised value; containers are copied, the caller's are never changed."""
        if isinstance(value, str):
            return _text(value)
        if type(value) in _ALWAYS_LEGAL:
            return value
        if isinstance(value, int):
            return _integer(value)
        if isinstance(value, dict):
            return self._mapping(value.items(), depth)
        if isinstance(value, list | tuple):
            return self._sequence_or_ext(value, depth)
        return self._other(value, depth)

    def _mapping(self, entries: Iterable[tuple[Any, Any]], depth: int) -> dict[object, object]:
        _check_depth(depth)
        result: dict[object, object] = {}
        for key, item in entries:
            try:
                name = _key(key)
                result[name] = self.value(item, depth - 1)
            except UnpackableError as error:
                error.add_step(key)
                raise
        return result

    def _sequence_or_ext(self, items: Any, depth: int) -> object:
        if isinstance(items, Ext) or _is_msgpacks(items, "ExtType"):
            return self._ext(items[0], items[1])
        _check_depth(depth)
        if _ALWAYS_LEGAL.issuperset(map(type, items)):
            return list(items)
        result = []
        for index, item in enumerate(items):
            try:
                result.append(self.value(item, depth - 1))
            except UnpackableError as error:
                error.add_step(index)
                raise
        return result

    def _other(self, value: Any, depth: int) -> object:
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return self._backend.view(_byte_view(value))
        if isinstance(value, datetime):
            return self._backend.ext(TIMESTAMP_CODE, _timestamp(value))
        if _is_msgpacks(value, "Timestamp"):
            return self._ext(TIMESTAMP_CODE, value.to_bytes())
        if self._convert is not None:
            converted = self._convert(value)
            if converted is not value:
                return self.value(converted, depth)
        raise UnpackableError(
            f"is {a(type(value))}, which has no MessagePack form", hint_for(value)
        )

    def _ext(self, code: object, data: object) -> object:
        if type(code) is not int or not -128 <= code <= 127 or not isinstance(data, bytes):
            raise UnpackableError(
                "is no legal Ext", "its code is an int of -128 .. 127, its data bytes"
            )
        if code == TIMESTAMP_CODE:
            try:
                unpack_timestamp(data)
            except ValueError as error:
                raise UnpackableError(
                    f"is no legal timestamp ({error})", "send a datetime"
                ) from error
        return self._backend.ext(code, data)


def settle(
    value: Any,
    revive: Converter,
    restore: Callable[[dict[Any, Any]], object] | None = None,
    depth: int = MAX_DEPTH,
) -> object:
    """Return a received value with its keys and depth checked, in place; raise DecodeError.

    `revive` replaces a library's own objects, `restore` is offered every map, innermost first.
    """
    if type(value) is dict:
        if not depth:
            raise _too_deep()
        for key, item in value.items():
            if type(key) is not str and type(key) is not bytes:
                raise DecodeError(f"a map has {a(type(key))} for a key; keys are str or bytes")
            if type(item) not in _LEAVES:
                value[key] = settle(item, revive, restore, depth - 1)
        return value if restore is None else restore(value)
    if type(value) is list:
        if not depth:
            raise _too_deep()
        if not _LEAVES.issuperset(map(type, value)):
            for index, item in enumerate(value):
                if type(item) not in _LEAVES:
                    value[index] = settle(item, revive, restore, depth - 1)
        return value
    return value if type(value) in _LEAVES else revive(value)


def _too_deep() -> DecodeError:
    return DecodeError(f"more than {MAX_DEPTH} maps and arrays inside each other")


def _check_depth(depth: int) -> None:
    if depth <= 0:
        raise UnpackableError(
            f"is more than {MAX_DEPTH} maps and arrays deep", "does the payload contain itself?"
        )


def _key(key: object) -> object:
    if isinstance(key, str):
        return _text(key)
    if isinstance(key, bytes):
        return bytes(memoryview(key))
    hint = "use str(key)" if isinstance(key, int | float) else None
    raise UnpackableError(f"is under {a(type(key))} key; keys are str or bytes", hint)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UnpackableError(
            f"has a lone surrogate at position {error.start}, which has no UTF-8 form",
            "send bytes, as os.fsencode makes of a file's name",
        ) from error
    return str.__str__(value)


def _integer(value: int) -> int:
    if not -(2**63) <= value < 2**64:
        raise UnpackableError(
            f"is an int of {value.bit_length()} bits, outside -2**63 .. 2**64-1", "send a str"
        )
    return value if type(value) is int or type(value) is bool else int.__index__(value)


def _byte_view(value: bytes | bytearray | memoryview) -> memoryview:
    view = memoryview(value)
    try:
        return view.cast("B")
    except TypeError:  # not contiguous, or empty
        return memoryview(view.tobytes())


def _timestamp(value: datetime) -> bytes:
    if value.utcoffset() is None:
        raise UnpackableError(
            "is a datetime without a timezone", "use datetime.now(UTC) or .astimezone()"
        )
    try:
        return pack_timestamp(value)
    except OverflowError as error:
        raise UnpackableError(f"is {shown(value)}, outside the years 1 .. 9999 in UTC") from error


def _is_msgpacks(value: object, name: str) -> bool:
    """Tell whether a value is of one of msgpack's own classes, without importing msgpack."""
    msgpack = sys.modules.get("msgpack")
    return msgpack is not None and isinstance(value, getattr(msgpack, name))
