"""Payloads to bytes and back: the one place that packs, whichever MessagePack library is there.

msgspec, msgpack and u-msgpack-python are interchangeable. The fastest present is loaded at first
use; the environment variable BANYAN_CODEC chooses another.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from banyan.errors import BanyanError, DecodeError, MissingLibraryError, PayloadTypeError
from banyan.limits import MAX_CONTAINERS
from banyan.wire import layout
from banyan.wire.backends import Backend, available, load
from banyan.wire.ext import Ext
from banyan.wire.payload import Converter, Normaliser, Payload, is_plain, settle
from banyan.wire.unpackable import UnpackableError

__all__ = ["Ext", "Payload", "available", "backend_name", "decode", "encode", "use"]

_backend: Backend | None = None

_UNUSUAL_RUN: Final = 100
"""Payloads decoded the thorough way after one that was not usual: most likely they are alike."""

_unusual = 0


def encode(payload: object, arrays: bool = False) -> bytes:
    """Pack a payload; with `arrays`, numpy arrays and scalars too.

    Raises PayloadTypeError, which names the key path and type of what has no MessagePack form.
    """
    backend = _backend or _load()
    if not is_plain(payload):
        return _encode_unusual(backend, payload, arrays)
    try:
        return backend.encode(payload)
    except Exception:  # too large an int, a lone surrogate: the slow way says where
        return _encode_unusual(backend, payload, arrays)


def decode(body: bytes | memoryview, arrays: bool = False) -> Payload:
    """Unpack a payload; with `arrays`, maps as msgpack-numpy makes them become arrays again.

    Raises DecodeError for whatever is not exactly one legal payload.
    """
    global _unusual  # noqa: PLW0603 - a guess about the next payload, nothing depends on it
    backend = _backend or _load()
    if len(body) > MAX_CONTAINERS:
        layout.check_containers(body)
    if _unusual > 0:  # threads that count down together may pass 0
        _unusual -= 1
    elif backend.decode_usual is not None:
        try:
            return backend.decode_usual(body)
        except Exception:  # legal or not, the thorough way tells
            _unusual = _UNUSUAL_RUN
    try:
        value = backend.decode(body)
        return settle(value, backend.revive, _restore_hook() if arrays else None)
    except BanyanError:
        raise
    except Exception as error:  # each library has its own; RecursionError and MemoryError too
        raise DecodeError(f"not a MessagePack payload: {_reason(error)}") from error


def backend_name() -> str:
    """Return the name of the library in use: msgspec, msgpack or umsgpack."""
    return (_backend or _load()).name


def use(name: str | None) -> None:
    """Choose the library for this process; None means the fastest, or what BANYAN_CODEC says.

    Raises MissingLibraryError when it is unknown or not installed.
    """
    global _backend, _unusual  # noqa: PLW0603 - one library serves the process
    _unusual = 0
    _backend = None if name is None else load(name)


def _load() -> Backend:
    global _backend  # noqa: PLW0603 - as in use()
    name = os.environ.get("BANYAN_CODEC") or next(iter(available()), None)
    if name is None:
        raise MissingLibraryError("no MessagePack library is installed; pip install msgspec")
    _backend = backend = load(name)
    return backend


def _encode_unusual(backend: Backend, payload: object, arrays: bool) -> bytes:
    try:
        return backend.encode(Normaliser(backend, _array_hook() if arrays else None).value(payload))
    except UnpackableError as error:
        raise PayloadTypeError(str(error)) from error.__cause__
    except BanyanError:
        raise
    except Exception as error:
        raise PayloadTypeError(f"{backend.name} cannot pack the payload: {error}") from error


def _array_hook() -> Converter:
    from banyan.wire import arrays

    return arrays.to_map


def _restore_hook() -> Callable[[dict[Any, Any]], object]:
    from banyan.wire import arrays

    return arrays.from_map


def _reason(error: Exception) -> str:
    """Say why in one printable line: some libraries quote what a peer sent."""
    text = ascii(str(error))[1:-1] or "it is malformed"
    return f"{text[:160]} ({type(error).__name__})"
