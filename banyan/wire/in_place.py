"""Arrays read where they arrived: views of a received frame, without a copy of their data.

A MessagePack library makes new bytes of every bin it reads. So the large data of arrays are cut
out of a body before it is decoded, and what is left has holes in their place.
"""

from __future__ import annotations

import os
from typing import Final

from banyan.wire import codec, layout, leaves
from banyan.wire.codec import Payload

_HOLE: Final = os.urandom(8).hex()
"""Unknown to peers, so that none of their payloads has holes of its own."""

_ARRAY_BEGINS: Final = b"\x85\xc4\x02nd\xc3"
"""The map of five entries that stands for an array, up to its first: nd, True."""

_DATA_KEY: Final = b"\xc4\x04data"
_BIN_32: Final = 0xC6
"""The first byte of a bin of 64 KiB or more; below it is no gain."""

_HEADER: Final = 5
"""Bytes before its data: that one and the length."""

_ITEMS: Final = 500
"""Items looked at: the arrays of a message stand among few others; a long list holds none."""


def decode(body: memoryview) -> Payload:
    """Return a payload whose arrays are read-only views of `body`; raise as `codec.decode`."""
    cuts = _large_data(body)
    if not cuts:
        return codec.decode(body, arrays=True)
    parts: list[bytes | memoryview] = []
    position = 0
    for index, (start, end) in enumerate(cuts):
        parts += [body[position:start], codec.encode({_HOLE: index})]
        position = end
    skeleton = codec.decode(b"".join([*parts, body[position:]]))
    views = [body[start + _HEADER : end] for start, end in cuts]
    return leaves.put_back(skeleton, _HOLE, views, arrays=True)


def _large_data(body: memoryview) -> list[tuple[int, int]]:
    """Return where the large bins begin and end that are the data of arrays."""
    cuts: list[tuple[int, int]] = []
    position, in_array, is_data = 0, False, False
    for _ in range(_ITEMS):
        if position >= len(body):
            break
        end = layout.item_end(body, position)
        if end > len(body):
            return []  # truncated: decoding says so
        if is_data and in_array:
            in_array = False
            if body[position] == _BIN_32:
                cuts.append((position, end))
        in_array = in_array or bytes(body[position : position + 6]) == _ARRAY_BEGINS
        is_data = end - position == len(_DATA_KEY) and bytes(body[position:end]) == _DATA_KEY
        position = end
    return cuts
