"""Any bytes as an extension value: a code and data; timestamps are moments or refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from banyan.wire import ext
from banyan.wire.codec import Ext


def one_input(data: bytes) -> None:
    if not data:
        return
    code = int.from_bytes(data[:1], signed=True)
    try:
        value = ext.received(code, data[1:])
    except ValueError:
        assert code == ext.TIMESTAMP_CODE
        return
    if isinstance(value, datetime):
        assert value.tzinfo is UTC
        assert ext.unpack_timestamp(ext.pack_timestamp(value)) == value
    else:
        assert value == Ext(code, data[1:])


def seeds() -> Iterator[bytes]:
    yield b"\x05four"
    for moment in (datetime.min, datetime(2024, 2, 29), datetime(2024, 1, 1, 0, 0, 0, 7)):
        yield b"\xff" + ext.pack_timestamp(moment.replace(tzinfo=UTC))
    yield b"\xff" + bytes(4)
    yield b"\xff" + b"\xff" * 12
