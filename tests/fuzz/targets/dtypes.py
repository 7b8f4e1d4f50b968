"""Any payload as the description of a dtype: plain bytes and of bounded size, or refused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from banyan.errors import DecodeError
from banyan.limits import MAX_MESSAGE_BYTES
from banyan.wire import codec, dtypes
from fuzz.samples import ARRAYS


def one_input(data: bytes) -> None:
    try:
        dtype = dtypes.dtype_of(codec.decode(data))
    except (DecodeError, TypeError, ValueError):
        return
    assert not dtype.hasobject
    assert 0 < dtype.itemsize <= MAX_MESSAGE_BYTES
    described = dtypes.description(dtype)
    again = dtypes.dtype_of(codec.decode(codec.encode(described)))
    assert again == dtype, (again, dtype)
    assert again.itemsize == dtype.itemsize


def seeds() -> Iterator[bytes]:
    for payload in ARRAYS:
        if isinstance(payload, np.ndarray):
            yield codec.encode(dtypes.description(payload.dtype))
    for described in (
        "|O",
        "<f8",
        "|S" + "9" * 8,
        "<M8[25s]",
        [["a", "<f8", [2, 3]]],
        [["", "V2"]],
    ):
        yield codec.encode(described)
