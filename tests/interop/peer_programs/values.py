"""The values that both sides know: every MessagePack type and every width of its lengths.

Read by the tests with our library and by the peer's programs with theirs, so it imports neither.
"""

from __future__ import annotations

import struct
from typing import Any

_INTEGERS = (
    0, 1, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**32,
    2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1,
    -1, -32, -33, -128, -129, -(2**15), -(2**15) - 1, -(2**31), -(2**31) - 1, -(2**63),
)  # fmt: skip

_FLOATS = (
    0.0, -0.0, 1.5, -1.5, 0.1, 1e300, -1e-300, 5e-324, 1.7976931348623157e308,
    float("inf"), float("-inf"), float("nan"),
)  # fmt: skip

_TEXTS = ("", "a", "Grüße", "привет", "日本語", "🤖 e\u0301", "nul \0 inside", "\n\t\"'\\")

_LENGTHS = (31, 32, 255, 256, 65_535, 65_536, 300_000)
"""On both sides of each limit of MessagePack's lengths, of text and of bytes."""

_COUNTS = (15, 16, 65_535, 65_536)
"""On both sides of each limit of MessagePack's counts, of arrays and of maps."""

VALUES: dict[str, Any] = {
    "none": None,
    "false": False,
    "true": True,
    **{f"int {number}": number for number in _INTEGERS},
    **{f"float {number}": number for number in _FLOATS},
    **{f"str {text!a}": text for text in _TEXTS},
    **{f"str of {length}": "é" + "x" * (length - 2) for length in _LENGTHS},
    "bytes": b"",
    "every byte": bytes(range(256)),
    **{f"bytes of {length}": b"\xff" * length for length in _LENGTHS},
    "list": [],
    **{f"list of {count}": [count, *[None] * (count - 1)] for count in _COUNTS},
    "dict": {},
    **{f"dict of {count}": {f"k{key}": key for key in range(count)} for count in _COUNTS},
    "bytes keys": {b"key": 1, "key": 2},
    "unicode keys": {"ключ": "значение", "": "", "🔑": None},
    "nested": {"a": [{"b": [[], {}, [None, {"c": b"\0", "d": [1, [2, [3, [4.5]]]]}]]}]},
    "deep": [[[[[[[[[[[[[[[[[[[["bottom"]]]]]]]]]]]]]]]]]]]],
    "mixed": [None, True, -1, 2**64 - 1, 0.5, "t", b"b", [], {}, [[]], {"e": {}}],
}


def same(one: Any, other: Any) -> bool:
    """Tell whether two payloads are equal in type and, for floats, in every bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return bool(one == other)
