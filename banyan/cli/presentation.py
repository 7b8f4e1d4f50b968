"""Payloads in words, for a terminal or as JSON. Pure: returns text, prints none.

What peers sent is made harmless here: no control character reaches a terminal, and nothing in a
payload makes invalid JSON.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from banyan.limits import MAX_ARRAY_DIMENSIONS
from banyan.wire.codec import Ext, Payload
from banyan.wire.stamp import Stamp

_KINDS: Final = {"b": "bool", "u": "uint", "i": "int", "f": "float", "c": "complex"}
"""Letters of a numpy dtype string, as in `<f8` (numpy's array interface, version 3)."""


@dataclass(frozen=True, slots=True)
class ArraySummary:
    """What is told of an array instead of its numbers."""

    dtype: str
    shape: tuple[int, ...]
    size: int
    """Bytes of its numbers."""

    def __repr__(self) -> str:
        return f"ndarray({'x'.join(map(str, self.shape))} {self.dtype})"


def printable(text: str) -> str:
    """Escape what could drive a terminal or hide text: control characters, bidi overrides."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def one_line(payload: Payload) -> str:
    """Return a payload on one printable line, arrays summarised."""
    short = summarised(payload)
    return printable(short if isinstance(short, str) else repr(short))


def json_line(topic: str, payload: Payload, time: datetime, stamp: Stamp | None = None) -> str:
    """Return a message as one JSON object in ASCII, with its stamp's publisher, sequence, age_ms.

    Arrays become {"array": DTYPE, "shape": [...], "bytes": N}, bytes {"base64": "..."}, ext types
    {"ext": CODE, "base64": "..."}, datetimes ISO 8601; NaN and the infinities become the texts
    "NaN", "Infinity" and "-Infinity", keys that are bytes Python's notation of them.
    """
    message = {"topic": topic, "payload": jsonable(payload), "time": time.isoformat()}
    if stamp is not None:
        age_ms = round(stamp.age(time.timestamp()) * 1000, 3)
        message |= {"publisher": stamp.publisher, "sequence": stamp.sequence, "age_ms": age_ms}
    return json.dumps(message, allow_nan=False)


def jsonable(payload: Payload) -> object:
    """Return what stands for a payload in JSON."""
    return _jsonable(summarised(payload))


def summarised(payload: Payload) -> Any:
    """Return the payload with an ArraySummary for every array, numpy's or as a map of its parts."""
    if isinstance(payload, dict):
        if b"nd" in payload and (summary := _of_map(payload)):
            return summary
        return {key: summarised(value) for key, value in payload.items()}
    if isinstance(payload, list):
        return [summarised(item) for item in payload]
    if type(payload).__module__ == "numpy":
        return _of_numpy(payload)
    return payload


def _of_numpy(value: Any) -> object:
    if value.ndim == 0 and not value.dtype.names:
        return value.item()
    return ArraySummary(_name(str(value.dtype)), value.shape, value.nbytes)


def _of_map(entries: dict[Any, Any]) -> ArraySummary | None:
    """Summarise an array that was not decoded; None for a map that only looks like one."""
    dtype, shape, data = (entries.get(key) for key in (b"type", b"shape", b"data"))
    if not isinstance(data, bytes) or not isinstance(shape, list):
        return None
    if len(shape) > MAX_ARRAY_DIMENSIONS:
        return None
    if entries[b"nd"] is not True or not all(isinstance(size, int) for size in shape):
        return None
    return ArraySummary(_name(dtype), tuple(shape), len(data))


def _name(dtype: object) -> str:
    """Return numpy's name of a dtype given as a string; others have fields."""
    if not isinstance(dtype, str):
        return "structured"
    kind, width = dtype.lstrip("<>|=")[:1], dtype.lstrip("<>|=")[1:]
    if kind not in _KINDS or not width.isascii() or not width.isdecimal() or len(width) > 2:
        return printable(dtype)[:40]
    return _KINDS[kind] if kind == "b" else f"{_KINDS[kind]}{8 * int(width)}"


def _jsonable(value: Any) -> object:
    if isinstance(value, dict):
        return {_key(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return _not_finite(value)
    if value is None or isinstance(value, int | float | str):
        return value
    return _described(value)


def _described(value: Any) -> object:
    """Return what stands for a value that JSON has no form of."""
    if isinstance(value, ArraySummary):
        return {"array": value.dtype, "shape": list(value.shape), "bytes": value.size}
    if isinstance(value, Ext):
        return {"ext": value.code, "base64": _base64(value.data)}
    if isinstance(value, bytes):
        return {"base64": _base64(value)}
    return value.isoformat() if isinstance(value, datetime) else repr(value)


def _key(key: str | bytes) -> str:
    return key if isinstance(key, str) else repr(key)


def _not_finite(value: float) -> str:
    """Name it as JavaScript and Protobuf's JSON form do."""
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
