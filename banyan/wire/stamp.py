"""Stamps: the third frame, by which a receiver sees loss and age. Opt-in: javabanyan reads two.

     4 bytes   FF 42 53 31: no UTF-8 text begins so, and no map
     8 bytes   the publisher's id, drawn anew for each publishing socket
     8 bytes   the number of the message on its topic, from 1
     8 bytes   when it was published, in ns since 1970 (UTC)

Numbers are unsigned, most significant byte first. A stamp is the last frame of its message.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple, TypeAlias

MAGIC: Final = b"\xffBS1"
PUBLISHER_BYTES: Final = 8
SIZE: Final = 28

_LAYOUT: Final = struct.Struct(f">4s{PUBLISHER_BYTES}sQQ")
_pack: Final = _LAYOUT.pack
_unpack: Final = _LAYOUT.unpack

Fields: TypeAlias = tuple[bytes, int, int]
"""Publisher's id, sequence number, time in ns: a stamp as the receive loop handles it."""


class Stamp(NamedTuple):
    """Who published a message, as which of its topic, and when by the publisher's clock."""

    publisher: str
    """16 hexadecimal digits."""
    sequence: int
    sent_ns: int
    """Nanoseconds since 1970 (UTC)."""

    @property
    def sent(self) -> float:
        """When it was published, in seconds since 1970, as time.time() counts."""
        return self.sent_ns / 1_000_000_000  # of ints: rounded once

    def age(self, now: float) -> float:
        """Return the seconds from `sent` to `now`; 0 for a message from the future.

        Clocks of different machines differ: an age is as right as they agree.
        """
        return max(0.0, now - self.sent)


def pack(publisher: bytes, sequence: int, sent_ns: int) -> bytes:
    """Return a stamp's frame."""
    return _pack(MAGIC, publisher, sequence, sent_ns)


def split(frame: bytes | memoryview) -> Fields | None:
    """Return the fields of a stamp's frame; None for any other frame."""
    if len(frame) == SIZE:
        magic, publisher, sequence, sent_ns = _unpack(frame)
        if magic == MAGIC:
            return publisher, sequence, sent_ns
    return None


def read(frame: bytes | memoryview) -> Stamp | None:
    """Return the stamp a frame holds; None for any other frame."""
    fields = split(frame)
    return None if fields is None else opened(fields)


def opened(fields: Fields) -> Stamp:
    """Return the stamp with these fields."""
    publisher, sequence, sent_ns = fields
    return Stamp(publisher.hex(), sequence, sent_ns)
