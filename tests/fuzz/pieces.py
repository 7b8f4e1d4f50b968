"""Several fields in one input, each with its length in front: a fuzzer can move their ends."""

from __future__ import annotations

from typing import Final

_WIDTH: Final = 2
"""Bytes of a length."""


def join(*fields: bytes) -> bytes:
    """Return one input that `cut` makes the fields of again."""
    return b"".join(len(field).to_bytes(_WIDTH) + field for field in fields)


def cut(data: bytes) -> list[bytes]:
    """Return the fields in any bytes; a length that is too large takes what there is."""
    fields = []
    while data:
        length = int.from_bytes(data[:_WIDTH])
        fields.append(data[_WIDTH : _WIDTH + length])
        data = data[_WIDTH + length :]
    return fields
