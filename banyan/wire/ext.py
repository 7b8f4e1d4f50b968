"""Extension values: Ext for an application's own, and code -1, the timestamp.

The timestamp is laid out as the MessagePack specification says: seconds since 1970 in 4, 8 or 12
bytes, the shortest that holds them.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

TIMESTAMP_CODE: Final = -1

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NS_PER_S: Final = 1_000_000_000


class Ext(NamedTuple):
    """An extension value: a code of -128 .. 127 (0 .. 127 are the application's) and its bytes."""

    code: int
    data: bytes


def pack_timestamp(moment: datetime) -> bytes:
    """Return the bytes of an aware datetime's timestamp.

    Raises OverflowError when its UTC form leaves the years 1 .. 9999, which no reader could show.
    """
    since = moment.astimezone(UTC) - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    nanoseconds = since.microseconds * 1000
    if seconds >> 34:
        return struct.pack(">Iq", nanoseconds, seconds)
    if nanoseconds or seconds >> 32:
        return struct.pack(">Q", nanoseconds << 34 | seconds)
    return struct.pack(">I", seconds)


def unpack_timestamp(data: bytes) -> datetime:
    """Return the UTC datetime that a timestamp's bytes hold; raise ValueError if they hold none."""
    if len(data) == 4:
        return moment_of(int.from_bytes(data), 0)
    if len(data) == 8:
        both = int.from_bytes(data)
        return moment_of(both & (1 << 34) - 1, both >> 34)
    if len(data) == 12:
        nanoseconds, seconds = struct.unpack(">Iq", data)
        return moment_of(seconds, nanoseconds)
    raise ValueError(f"a timestamp has 4, 8 or 12 bytes, not {len(data)}")


def moment_of(seconds: int, nanoseconds: int) -> datetime:
    """Return the UTC datetime of a timestamp, rounded half up to microseconds as msgspec does.

    Raises ValueError when the nanoseconds make a second, or the year is not in 1 .. 9999.
    """
    if nanoseconds >= _NS_PER_S:
        raise ValueError(f"a timestamp has under {_NS_PER_S} nanoseconds, not {nanoseconds}")
    try:
        return _EPOCH + timedelta(seconds=seconds, microseconds=(nanoseconds + 500) // 1000)
    except OverflowError as error:
        raise ValueError(f"a timestamp of {seconds} s is outside the years 1 .. 9999") from error


def received(code: int, data: bytes | memoryview) -> Ext | datetime:
    """Return the value of a received extension."""
    if code == TIMESTAMP_CODE:
        return unpack_timestamp(bytes(data))
    return Ext(code, bytes(data))
