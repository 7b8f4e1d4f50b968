"""The numpy values that both sides know."""

from __future__ import annotations

from typing import Any

import numpy

_NUMBERS = (
    "?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16",
    ">i2", ">u4", ">i8", ">f4", ">f8",
)  # fmt: skip

_SCALARS = [code for code in _NUMBERS if code[0] != ">" and code != "f8"]

_POINT = numpy.dtype([("name", "U8"), ("x", "<f4"), ("y", ">i2"), ("flags", "u1", (3,))])


def _structured() -> Any:
    points = numpy.zeros(4, _POINT)
    points["name"] = ["a", "Grüße", "", "日本"]
    points["x"] = [0.5, -1, float("inf"), 3]
    points["y"] = [1, -2, 300, -400]
    points["flags"] = numpy.arange(12).reshape(4, 3)
    return points


_GRID = numpy.arange(24, dtype="i4").reshape(2, 3, 4)
_DAYS = numpy.array(["2024-02-29", "1969-12-31", "NaT"], "M8[D]")

ARRAYS: dict[str, Any] = {
    **{f"1-D {code}": numpy.arange(7).astype(code) for code in _NUMBERS},
    "limits of i8": numpy.array([-(2**63), 2**63 - 1]),
    "limits of u8": numpy.array([0, 2**64 - 1], "u8"),
    "specials": numpy.array([0.0, -0.0, numpy.inf, -numpy.inf, numpy.nan]),
    "3-D": _GRID,
    "0-d": numpy.array(2.5),
    "empty": numpy.array([], "f4"),
    "empty 3-D": numpy.zeros((2, 0, 3), "u2"),
    "Fortran order": numpy.asfortranarray(_GRID),
    "strided": numpy.arange(20)[::3],
    "backwards": numpy.arange(5.0)[::-1],
    "transposed": _GRID.T,
    "unicode": numpy.array(["a", "Grüße", "日本語", ""]),
    "bytes": numpy.array([b"a", b"\xff\x01", b""], "S5"),
    "structured": _structured(),
    "picture": numpy.arange(480 * 640 * 3, dtype="u4").astype("u1").reshape(480, 640, 3),
}

SCALARS: dict[str, Any] = {
    **{f"scalar {code}": numpy.arange(4).astype(code)[3] for code in _SCALARS},
    "nan": numpy.float32("nan"),
    "complex": 1.5 - 2j,
}

NESTED: dict[str, Any] = {
    "in a dict": {"frame": _GRID, "stamp": numpy.float32(1.5), "camera": "left"},
    "in a list": [1, [numpy.arange(3), None], {"deep": [numpy.bool_(True)]}],
}

BOTH_WAYS = {**ARRAYS, **SCALARS, **NESTED}

TO_PEER: dict[str, Any] = {
    "dates": _DAYS,
    "seconds": numpy.array(["2024-02-29T12:30:59", "NaT"], "M8[s]"),
    "durations": numpy.array([1, -90], "m8[ms]"),
    "date": _DAYS[0],
}
"""What the peer reads but cannot pack: dates and durations."""

BUILTINS = {
    "scalar f8": (numpy.float64(0.1), 0.1),
    "text": (numpy.str_("Grüße"), "Grüße"),
    "octets": (numpy.bytes_(b"\x00\xff\x01"), b"\x00\xff\x01"),
}
"""Scalars that derive from a builtin: both sides pack them as what they derive from."""

ALL = {**BOTH_WAYS, **TO_PEER}


def same(one: Any, other: Any) -> bool:
    """Tell whether two payloads are equal in type, dtype, shape and every bit of their items."""
    if isinstance(one, dict):
        alike = isinstance(other, dict) and list(one) == list(other)
        return alike and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        alike = isinstance(other, list) and len(one) == len(other)
        return alike and all(map(same, one, other))
    if isinstance(one, (numpy.ndarray, numpy.generic)):
        return (
            type(one) is type(other)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    return type(one) is type(other) and bool(one == other)
