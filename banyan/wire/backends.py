"""The three MessagePack libraries behind one seam: msgspec, msgpack and u-msgpack-python.

Each is a Backend that writes the same bytes and reads the same objects. What is a legal payload is
not decided here but in payload.py; the exceptions of the libraries are mapped in codec.py.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from types import GenericAlias
from typing import Any, Final

from banyan.errors import MissingLibraryError
from banyan.wire import layout
from banyan.wire.ext import moment_of, received

_USUAL_LEVELS: Final = 4
"""Maps and lists inside the map that a usual payload is."""


@dataclass(frozen=True, slots=True)
class Backend:
    """One MessagePack library."""

    name: str
    encode: Callable[[object], bytes]
    """Packs legal, normalised payloads; raises whatever the library raises."""
    decode: Callable[[bytes | memoryview], object]
    """Unpacks exactly one object; raises whatever the library raises."""
    ext: Callable[[int, bytes], object]
    """Makes the library's own form of an extension value."""
    view: Callable[[memoryview], object] = bytes
    """Makes of a view of bytes what the library packs as bin, without a copy where it can."""
    revive: Callable[[Any], object] = lambda value: value
    """Replaces an object of the library's own type that `decode` left in a payload."""
    decode_usual: Callable[[bytes | memoryview], object] | None = None
    """Unpacks maps with str keys of numbers, texts and a few levels of the like, surely legal;
    raises for all others."""


def available() -> tuple[str, ...]:
    """Return the names of the installed libraries, the fastest first."""
    return tuple(name for name in _LOADERS if find_spec(name) is not None)


def load(name: str) -> Backend:
    """Return the backend of a library; raise MissingLibraryError when there is none."""
    if name not in _LOADERS:
        raise MissingLibraryError(
            f"no codec is named {name!r} (BANYAN_CODEC?); there are {', '.join(_LOADERS)}"
        )
    try:
        return _LOADERS[name]()
    except ImportError as error:
        raise MissingLibraryError(
            f"{name} is not installed; pip install {_DISTRIBUTIONS.get(name, name)}"
        ) from error


def _load_msgspec() -> Backend:
    library = import_module("msgspec.msgpack")
    return Backend(
        "msgspec",
        encode=library.Encoder().encode,
        decode=library.Decoder(ext_hook=received).decode,
        ext=library.Ext,
        view=_same,
        decode_usual=library.Decoder(_usual_type()).decode,
    )


def _usual_type() -> object:
    """Return the type of a usual payload; checking it while decoding costs nothing (measured).

    bytes are not in it: msgspec takes no union of them and str.
    """
    leaf = bool | int | float | str | None
    item: object = leaf
    for _ in range(_USUAL_LEVELS):
        item = leaf | GenericAlias(list, (item,)) | GenericAlias(dict, (str, item))
    return GenericAlias(dict, (str, item))


def _load_msgpack() -> Backend:
    msgpack = import_module("msgpack")

    def encode(payload: object) -> bytes:
        packed: bytes = msgpack.packb(payload, use_bin_type=True)
        return packed

    def decode(body: bytes | memoryview) -> object:
        unpacked: object = msgpack.unpackb(body, ext_hook=received)
        return unpacked

    def ext(code: int, data: bytes) -> object:
        # The class refuses negative codes, which the format reserves but a message may carry.
        return tuple.__new__(msgpack.ExtType, (code, data))

    def revive(value: Any) -> datetime:
        return moment_of(value.seconds, value.nanoseconds)

    return Backend("msgpack", encode, decode, ext, _same, revive)


def _load_umsgpack() -> Backend:
    umsgpack = import_module("umsgpack")

    # Handlers for every code: without one, umsgpack calls classes registered by other modules.
    handlers = dict.fromkeys(range(-128, 128), lambda ext: received(ext.type, ext.data))

    def encode(payload: object) -> bytes:
        packed: bytes = umsgpack.packb(payload, force_float_precision="double")
        return packed

    def read(stream: io.BytesIO) -> object:
        return umsgpack.unpack(stream, ext_handlers=handlers)

    def decode(body: bytes | memoryview) -> object:
        stream = io.BytesIO(body)
        try:
            value = read(stream)
            end = stream.tell()
        except umsgpack.DuplicateKeyException:
            value, end = _last_wins(body, 0, lambda item: read(io.BytesIO(item)))
        if end != len(body):
            raise ValueError(f"{len(body) - end} trailing bytes")
        return value

    return Backend("umsgpack", encode, decode, umsgpack.Ext)


def _last_wins(
    body: bytes | memoryview, start: int, leaf: Callable[[bytes | memoryview], object]
) -> tuple[object, int]:
    """Read a map with a repeated key, which umsgpack refuses and the others overwrite."""
    if start >= len(body):
        raise ValueError("truncated")
    position = layout.item_end(body, start)
    container = layout.container_size(body, start)
    if container is None:
        return leaf(body[start:position]), position
    is_map, size = container
    entries: dict[Any, object] = {}
    for index in range(size):
        key: object = index
        if is_map:
            key, position = _last_wins(body, position, leaf)
        entries[key], position = _last_wins(body, position, leaf)
    return (entries if is_map else list(entries.values())), position


def _same(view: memoryview) -> memoryview:
    return view


_LOADERS: Final[dict[str, Callable[[], Backend]]] = {
    "msgspec": _load_msgspec,
    "msgpack": _load_msgpack,
    "umsgpack": _load_umsgpack,
}
"""Fastest first: measured, msgpack takes three times msgspec's time and umsgpack thirty times."""

_DISTRIBUTIONS: Final = {"umsgpack": "u-msgpack-python"}
