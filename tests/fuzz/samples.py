"""Payloads as components send them: the seeds of several targets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from banyan.wire.codec import Ext

PLAIN: Final[list[Any]] = [
    {},
    None,
    -1.5,
    "größe",
    [1, 255, 256, 65536, 2**63, -(2**63), 2**64 - 1],
    {"msg": 5},
    {"speed": [1, 2.5, -3], "name": "left", "on": True, "none": None},
    {"cpu": 12.5, "memory": {"total": 2**40, "used": 7}, "disks": [{"name": "sda", "free": 0.5}]},
    {"image": bytes(range(256)), b"bytes": b"\xff", "text": "x" * 300},
    {"at": datetime(2024, 2, 29, 12, 30, 1, 5, tzinfo=UTC), "old": datetime(1, 1, 1, tzinfo=UTC)},
    {"ext": Ext(5, b"four"), "long": Ext(-128, bytes(300))},
    {"deep": [[[[[{"a": [{"b": [None]}]}]]]]]},
]

ARRAYS: Final[list[Any]] = [
    np.arange(6, dtype=np.uint8).reshape(2, 3),
    {"left": np.linspace(0, 1, 5), "right": np.zeros((0, 3), ">i2")},
    [np.float32(1.5), np.bool_(True), 1 + 2j],
    np.array([("a", 1.5, [1, 2])], [("name", "<U3"), ("x", "<f8"), ("pair", "<i4", 2)]),
    np.zeros(2, [("outer", [("inner", "S2"), ("flag", "?")])]),
    np.zeros(2, np.dtype({"names": ["a"], "formats": ["<f4"], "offsets": [4], "itemsize": 12})),
    np.array(["2024-01-01", "NaT"], "M8[s]"),
    np.array([5], "m8[25us]"),
    np.array(["x", "größe"]),
    np.void(b"abc"),
]
