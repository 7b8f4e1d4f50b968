"""Any payload: what is taken out of it for shared memory and put back is what it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np

from banyan.errors import DecodeError
from banyan.wire import codec, leaves
from fuzz.samples import ARRAYS, PLAIN
from fuzz.targets.arrays import said

_LEAST = 8
"""Bytes of a large leaf here: a fuzzer writes no megabytes."""

_HOLE = "hole in these tests"


def one_input(data: bytes) -> None:
    try:
        payload = codec.decode(data, arrays=True)
    except DecodeError:
        return
    with mock.patch.object(leaves, "SHARED_MIN_BYTES", _LEAST):
        lifted = leaves.lift(payload, _HOLE, arrays=True)
    if lifted is None:
        return
    skeleton = codec.decode(codec.encode(lifted.skeleton, arrays=True))
    views = [memoryview(leaf.tobytes()) for leaf in lifted.leaves]
    assert all(len(view) >= _LEAST for view in views)
    restored = leaves.put_back(skeleton, _HOLE, views, arrays=True)
    assert said(_as_bytes(restored)) == said(_as_bytes(payload))


def _as_bytes(value: Any) -> Any:
    """Return a payload with bytes for views, and arrays that own nothing else."""
    if isinstance(value, dict):
        return {key: _as_bytes(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_bytes(item) for item in value]
    return bytes(value) if isinstance(value, memoryview) else value


def seeds() -> Iterator[bytes]:
    for payload in [*ARRAYS, *PLAIN]:
        yield codec.encode(payload, arrays=True)
    yield codec.encode({"a": [np.arange(9.0), b"x" * 9, {"b": b"y" * 9}], "c": 1}, arrays=True)
