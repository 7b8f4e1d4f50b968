"""Handles: what the second frame of a message holds whose large data stay in shared memory.

A handle is an ordinary MessagePack map, so that the message is still two frames. Subscribers that
know nothing of shared memory get the map itself and cannot warn anybody: it explains itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from banyan.errors import DecodeError
from banyan.limits import MAX_SHARED_LEAVES
from banyan.wire import codec
from banyan.wire.codec import Payload
from banyan.wire.wording import shown

KEY: Final = "banyan shared memory"
"""The first key of every handle: a payload without it is none."""

_TEXT: Final = (
    "The data of this message are in the memory of the machine named under 'host'."
    " Receive them there, with Banyan, or publish without shared=True."
)
_FIELDS: Final = ("host", "boot", "ring", "segment", "generation", "leaves", "hole", "skeleton")

PREFIX: Final = (
    bytes([0x81 + len(_FIELDS), 0xA0 + len(KEY)])
    + KEY.encode()
    + bytes([0xD9, len(_TEXT)])
    + _TEXT.encode()
)
"""How every handle begins and no payload does that is not one: the map's head and first entry."""

_RING: Final = re.compile("[0-9a-f]{32}")
_MAX_CHARACTERS: Final = 255
"""Of a host's name (POSIX's HOST_NAME_MAX), and more than any of the other texts has."""

_MAX_NUMBER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Handle:
    """Where the large data of a message are, and the message without them."""

    host: str
    """The publisher's machine, by its name."""
    boot: str
    """Tells machines of one name apart; empty where the system has no such thing."""
    ring: str
    """32 hexadecimal digits."""
    segment: int
    """The number of a file in the ring."""
    generation: int
    """Of the segment's content, from 1: if it has another one now, the data are gone."""
    leaves: list[list[int]]
    """Offset in the segment and length in bytes of each leaf."""
    hole: str
    """The key of the maps that stand in the skeleton for leaves, {hole: index}."""
    skeleton: Payload
    """The payload with a hole in the place of each leaf."""


def is_handle(body: bytes | memoryview) -> bool:
    """Tell whether a message's second frame is a handle and not a payload."""
    return body[: len(PREFIX)] == PREFIX


def pack(handle: Handle, *, arrays: bool = False) -> bytes:
    """Return the bytes of a handle; raise PayloadTypeError as `codec.encode` does."""
    fields = {name: getattr(handle, name) for name in _FIELDS}
    return codec.encode({KEY: _TEXT, **fields}, arrays=arrays)


def unpack(body: bytes | memoryview) -> Handle:
    """Return the handle that bytes hold; raise DecodeError when any field is not as it must be.

    Whether such a ring exists, and whether the leaves lie inside the segment, is not known here.
    """
    fields = codec.decode(body)
    if type(fields) is not dict or fields.pop(KEY, None) != _TEXT or fields.keys() != _NAMES:
        raise DecodeError("a handle to shared memory with fields that do not belong to one")
    handle = Handle(**fields)
    for name in ("host", "boot", "ring", "hole"):
        _check_text(name, fields[name])
    if not _RING.fullmatch(handle.ring):
        raise DecodeError(f"a handle to shared memory with the ring {shown(handle.ring)}")
    _check_number("segment", handle.segment)
    _check_number("generation", handle.generation, 1)
    _check_leaves(handle.leaves)
    return handle


_NAMES: Final = frozenset(_FIELDS)


def _check_text(name: str, value: object) -> None:
    if type(value) is not str or len(value) > _MAX_CHARACTERS:
        raise DecodeError(f"a handle to shared memory with the {name} {shown(value)}")


def _check_number(name: str, value: object, least: int = 0) -> None:
    if type(value) is not int or not least <= value <= _MAX_NUMBER:
        raise DecodeError(f"a handle to shared memory with the {name} {shown(value)}")


def _check_leaves(leaves: Any) -> None:
    if type(leaves) is not list or not 0 < len(leaves) <= MAX_SHARED_LEAVES:
        raise DecodeError(f"a handle to shared memory with the leaves {shown(leaves)}")
    for leaf in leaves:
        if type(leaf) is not list or len(leaf) != 2:
            raise DecodeError(f"a handle to shared memory with the leaf {shown(leaf)}")
        _check_number("offset", leaf[0])
        _check_number("length", leaf[1], 1)
