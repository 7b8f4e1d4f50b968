"""How a Python user of any of the peers packs payloads: msgpack, and msgpack_numpy for arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgpack

from benchmarks.adapter import Place


def packer(place: Place) -> Callable[[Any], bytes]:
    """Return what makes MessagePack of a payload."""
    pack: Callable[..., bytes] = msgpack.packb
    if not place.arrays:
        return pack
    import msgpack_numpy

    return lambda payload: pack(payload, default=msgpack_numpy.encode)


def unpacker(place: Place) -> Callable[[bytes], Any]:
    """Return what makes a payload of MessagePack."""
    unpack: Callable[..., Any] = msgpack.unpackb
    if not place.arrays:
        return unpack
    import msgpack_numpy

    return lambda body: unpack(body, object_hook=msgpack_numpy.decode)
