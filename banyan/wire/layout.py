"""Where each MessagePack item begins and ends, without building any object.

This is how a payload bomb is found before it goes off: a million empty maps are a megabyte on the
wire and 64 MB in memory.
"""

from __future__ import annotations

from typing import Final

from banyan.errors import DecodeError
from banyan.limits import MAX_CONTAINERS

_FIXED_SIZES: Final = {0xCA: 5, 0xCB: 9} | {
    first + index: 1 + (1 << index) for first in (0xCC, 0xD0) for index in range(4)
}
_FIXEXT_SIZES: Final = {0xD4 + index: 2 + (1 << index) for index in range(5)}
_FIXSTR_SIZES: Final = {0xA0 + length: 1 + length for length in range(32)}
_HEADER_SIZES: Final = {0xDC: 3, 0xDD: 5, 0xDE: 3, 0xDF: 5}

SIZES: Final = tuple(
    (_FIXED_SIZES | _FIXEXT_SIZES | _FIXSTR_SIZES | _HEADER_SIZES).get(head, 1)
    for head in range(256)
)
"""Bytes of the item that a first byte opens; of a map or array, its header only."""

LENGTHS: Final = {
    head: (width, extra)
    for heads, extra in (((0xC4, 0xC5, 0xC6), 0), ((0xD9, 0xDA, 0xDB), 0), ((0xC7, 0xC8, 0xC9), 1))
    for head, width in zip(heads, (1, 2, 4), strict=True)
}
"""bin, str and ext: bytes of the length field, and bytes beside it (an ext's code)."""

_CONTAINER_HEADS: Final = bytes((*range(0x80, 0xA0), *_HEADER_SIZES))


def item_end(body: bytes, start: int) -> int:
    """Return where the item at `start` ends; for a map or array, where its header ends."""
    head = body[start]
    if head not in LENGTHS:
        return start + SIZES[head]
    width, extra = LENGTHS[head]
    after = start + 1 + width
    return after + extra + int.from_bytes(body[start + 1 : after])


def container_size(body: bytes, start: int) -> tuple[bool, int] | None:
    """Return whether a map begins at `start` and its entries or elements; None for a leaf."""
    head = body[start]
    if 0x80 <= head <= 0x9F:
        return head < 0x90, head & 0x0F
    if head in _HEADER_SIZES:
        return head >= 0xDE, int.from_bytes(body[start + 1 : start + SIZES[head]])
    return None


def check_containers(body: bytes) -> None:
    """Raise DecodeError when a body holds more than MAX_CONTAINERS maps and arrays.

    Bytes that look like headers are counted first, in C: there are never fewer of them than there
    are maps and arrays, so nearly every honest payload is passed without the slow walk.
    """
    if len(body) <= MAX_CONTAINERS or _possible_containers(body) <= MAX_CONTAINERS:
        return
    if _exceeds(body, MAX_CONTAINERS):
        raise DecodeError(
            f"the payload ({len(body)} bytes) has more maps and arrays than {MAX_CONTAINERS}"
        )


def _possible_containers(body: bytes) -> int:
    return len(body) - len(body.translate(None, _CONTAINER_HEADS))


def _exceeds(body: bytes, limit: int) -> bool:
    position, end, containers = 0, len(body), 0
    heads, lengths, sizes = frozenset(_CONTAINER_HEADS), LENGTHS, SIZES
    while position < end:
        head = body[position]
        if head in lengths:
            position = item_end(body, position)
            continue
        if head in heads:
            containers += 1
            if containers > limit:
                return True
        position += sizes[head]
    return False
