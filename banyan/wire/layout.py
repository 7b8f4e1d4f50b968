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

_CONTAINER_HEADS: Final = frozenset((*range(0x80, 0xA0), *_HEADER_SIZES))

_FEW_ITEMS: Final = 5000
"""Stepped over in about the time in which the header bytes of a megabyte are counted."""


def item_end(body: bytes | memoryview, start: int) -> int:
    """Return where the item at `start` ends; for a map or array, where its header ends."""
    head = body[start]
    if head not in LENGTHS:
        return start + SIZES[head]
    width, extra = LENGTHS[head]
    after = start + 1 + width
    return after + extra + int.from_bytes(body[start + 1 : after])


def container_size(body: bytes | memoryview, start: int) -> tuple[bool, int] | None:
    """Return whether a map begins at `start` and its entries or elements; None for a leaf."""
    head = body[start]
    if 0x80 <= head <= 0x9F:
        return head < 0x90, head & 0x0F
    if head in _HEADER_SIZES:
        return head >= 0xDE, int.from_bytes(body[start + 1 : start + SIZES[head]])
    return None


def check_containers(body: bytes | memoryview) -> None:
    """Raise DecodeError when a body holds more than MAX_CONTAINERS maps and arrays.

    An image is a few large items and soon stepped over. Of a long list, the bytes that look like
    headers are counted in C: there are never fewer of them than there are maps and arrays. Only
    what is still suspect is walked to its end (measured: 0.4 s for the worst 16 MB).
    """
    if len(body) <= MAX_CONTAINERS:
        return
    position, containers = walk(body, 0, _FEW_ITEMS)
    if position < len(body) and _possible_containers(body) > MAX_CONTAINERS:
        containers += walk(body, position, len(body))[1]
    if containers > MAX_CONTAINERS:
        raise DecodeError(
            f"the payload ({len(body)} bytes) has more maps and arrays than {MAX_CONTAINERS}"
        )


def walk(body: bytes | memoryview, position: int, items: int) -> tuple[int, int]:
    """Step over a number of items; return where that ends and how many were maps or arrays.

    Ends early when the maps and arrays exceed MAX_CONTAINERS.
    """
    end, containers = len(body), 0
    heads, lengths, sizes = _CONTAINER_HEADS, LENGTHS, SIZES
    for _ in range(items):
        if position >= end:
            break
        head = body[position]
        if head in lengths:
            position = item_end(body, position)
            continue
        position += sizes[head]
        if head in heads:
            containers += 1
            if containers > MAX_CONTAINERS:
                break
    return position, containers


def _possible_containers(body: bytes | memoryview) -> int:
    return len(body) - len(bytes(body).translate(None, bytes(_CONTAINER_HEADS)))
