"""Sequence numbers: given out by a publisher, watched by a receiver. No sockets, no clock."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Final

from banyan import limits
from banyan.wire import stamp

DUPLICATE: Final = -1
"""What SequenceWatch.note returns for a number that is not above the last."""


class Stamper:
    """Numbers the messages of one publishing socket, each topic's from 1.

    One for a socket, not for a component: each backplane sees a sequence of its own.
    """

    def __init__(self) -> None:
        self._start_afresh()

    def stamp(self, topic: bytes, sent_ns: int) -> bytes:
        """Return the stamp of the next message on a topic; the number is used up."""
        sequences = self._sequences
        sequence = sequences.get(topic, 0) + 1
        if sequence == 1 and len(sequences) >= limits.MAX_STAMPED_TOPICS:
            self._start_afresh()
            sequences = self._sequences
        sequences[topic] = sequence
        return stamp.pack(self.publisher, sequence, sent_ns)

    def _start_afresh(self) -> None:
        """Become another publisher: receivers report no gap where they know of nothing before."""
        self.publisher = os.urandom(stamp.PUBLISHER_BYTES)
        self._sequences: dict[bytes, int] = {}


class SequenceWatch:
    """The last number of each publisher and topic that came over one link.

    What peers make it remember stays within `limits.WATCHED_SEQUENCES_BYTES`: the oldest pairs
    are forgotten, and of a pair that is not known nothing is reported.
    """

    def __init__(self) -> None:
        # Ordered: the front of a plain dict is found the slower, the more was taken from it.
        self._last: OrderedDict[bytes, int] = OrderedDict()
        self._bytes = 0
        self._pardoned: set[bytes] = set()

    def note(self, topic: bytes, publisher: bytes, sequence: int) -> int:
        """Take note of a message; return how many are missing before it, or DUPLICATE."""
        key = publisher + topic
        last = self._last.get(key)
        if last is None:
            self._make_room(len(key) + limits.SEQUENCE_BYTES)
            self._last[key] = sequence
            return 0
        if sequence <= last:
            return DUPLICATE
        self._last[key] = sequence
        missed = sequence - last - 1
        if missed and self._pardoned and topic.startswith(tuple(self._pardoned)):
            return 0
        return missed

    def pardon(self, prefix: bytes) -> None:
        """Report no gap in topics that begin so until `settle`: they are subscribed to anew.

        What was published while they were not is not missing, and messages of before may still
        be on their way.
        """
        self._pardoned.add(prefix)

    def settle(self) -> None:
        """Start afresh in the topics pardoned: everything from before has been noted."""
        if self._pardoned:
            prefixes = tuple(self._pardoned)
            self._pardoned.clear()
            pardoned = [k for k in self._last if k.startswith(prefixes, stamp.PUBLISHER_BYTES)]
            for key in pardoned:
                self._forget(key)

    def clear(self) -> None:
        """Forget everything."""
        self._last.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._last)

    def _make_room(self, size: int) -> None:
        self._bytes += size
        while self._bytes > limits.WATCHED_SEQUENCES_BYTES and self._last:
            self._forget(next(iter(self._last)))

    def _forget(self, key: bytes) -> None:
        del self._last[key]
        self._bytes -= len(key) + limits.SEQUENCE_BYTES
