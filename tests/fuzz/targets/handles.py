"""Any bytes as a handle to shared memory: every field within its bounds, or refused."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from banyan.errors import DecodeError
from banyan.limits import MAX_SHARED_LEAVES
from banyan.wire import codec, handle, leaves
from banyan.wire.handle import Handle
from fuzz import refusals
from fuzz.targets.arrays import said

_VIEWS = [memoryview(bytes(range(16))), memoryview(b"")]


def one_input(data: bytes) -> None:
    try:
        found = handle.unpack(data)
    except DecodeError as error:
        refusals.check(error)
        return
    assert len(found.ring) == 32
    assert found.segment >= 0
    assert found.generation >= 1
    assert 0 < len(found.leaves) <= MAX_SHARED_LEAVES
    assert repr(handle.unpack(handle.pack(found))) == repr(found)
    with contextlib.suppress(DecodeError):
        said(leaves.put_back(found.skeleton, found.hole, _VIEWS, arrays=True))


def seeds() -> Iterator[bytes]:
    array = {b"nd": True, b"type": "<f8", b"kind": b"", b"shape": [2], b"data": {"hole": 0}}
    for skeleton in ({"hole": 0}, {"a": [{"hole": 0}, {"hole": 1}], "b": 5}, array, {"hole": 9}):
        yield handle.pack(
            Handle("robot", "boot", "0123456789abcdef" * 2, 3, 7, [[64, 100]], "hole", skeleton)
        )
    yield handle.PREFIX + codec.encode({})
