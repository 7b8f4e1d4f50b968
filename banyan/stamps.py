"""What a receive loop does with stamps: notices what is missing, there twice, or too old."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from banyan.counters import Counters
from banyan.sequences import DUPLICATE
from banyan.wire.stamp import SIZE, Fields, Stamp, opened

if TYPE_CHECKING:
    from banyan.transport.link import Link


_BYTES: Final = SIZE + 2
"""Of a stamp and ZMTP's header of its frame."""


class GapListener(Protocol):
    """Who is told of what is missing."""

    def gap(self, topic: str, publisher: str, missed: int) -> None: ...


class Stamps:
    """The stamps of one component's messages.

    `current` holds the fields of the message being handled, None if it has no stamp; `max_age` is
    in seconds, and may be assigned at any time; `bytes` tells how many stamps took on the network.
    """

    def __init__(self, counters: Counters) -> None:
        self.current: Fields | None = None
        self.max_age: float | None = None
        self.bytes = 0
        self._counters = counters

    def opened(self) -> Stamp | None:
        """Return the stamp of the message being handled."""
        fields = self.current
        return None if fields is None else opened(fields)

    def admit(
        self, link: Link, topic: str, head: bytes, fields: Fields, listener: GapListener
    ) -> bool:
        """Take note of a message before it is delivered; return whether it may be.

        Tells the listener first of messages that are missing before it.
        """
        publisher, sequence, sent_ns = self.current = fields
        self.bytes += _BYTES
        missed = link.sequences.note(head, publisher, sequence)
        if missed:
            self._report(missed, topic, publisher, listener)
        max_age = self.max_age
        if max_age is None or time.time_ns() - sent_ns <= max_age * 1e9:
            return True
        self.current = None
        self._counters.stale += 1
        return False

    def adopt(self, link: Link, fields: Fields) -> bool:
        """Take note of a stamp whose message was delivered before it was read.

        Nothing can be missing before the first stamp of a link; from now on stamps are expected
        there. Returns False for a stamp that belongs to no message.
        """
        topic, link.last_topic = link.last_topic, None
        if topic is None:
            return False
        link.stamped = True
        publisher, sequence, _ = fields
        link.sequences.note(topic.encode(), publisher, sequence)
        return True

    def _report(self, missed: int, topic: str, publisher: bytes, listener: GapListener) -> None:
        if missed == DUPLICATE:
            self._counters.duplicates += 1
        else:
            self._counters.missed += missed
            listener.gap(topic, publisher.hex(), missed)
