"""Any bytes as a payload with numpy arrays: views of the frame say what copies say, harmlessly."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from banyan.errors import DecodeError
from banyan.wire import codec, in_place
from fuzz import refusals
from fuzz.samples import ARRAYS, PLAIN

_REFUSED = object()


def one_input(data: bytes) -> None:
    copied = _outcome(lambda: codec.decode(data, arrays=True))
    viewed = _outcome(lambda: in_place.decode(memoryview(data)))
    assert said(viewed) == said(copied)
    if copied is not _REFUSED:
        again = codec.decode(codec.encode(copied, arrays=True), arrays=True)
        assert said(again) == said(copied)


def _outcome(read: Callable[[], object]) -> object:
    try:
        return read()
    except DecodeError as error:
        refusals.check(error)
        return _REFUSED


def said(value: Any) -> str:
    """Return all there is to a value, touching each item of an array on the way."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {said(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(said, value))}]"
    if not isinstance(value, np.ndarray | np.generic):
        return repr(value)
    assert not value.dtype.hasobject
    assert isinstance(value, np.generic) or not value.flags.writeable
    with warnings.catch_warnings(action="ignore"):
        str(value)
    return f"{type(value).__name__} {value.dtype} {value.shape} {value.tobytes()!r}"


def seeds() -> Iterator[bytes]:
    for payload in [*ARRAYS, *PLAIN]:
        yield codec.encode(payload, arrays=True)
    # A bin with a length of four bytes is what makes a view, from 64 KiB if a library wrote it.
    long = codec.encode(ARRAYS[0], arrays=True).replace(b"\xc4\x06", b"\xc6\x00\x00\x00\x06")
    yield long
    yield b"\x82\xa1a" + long + b"\xa1b\x92" + long + b"\xc0"
