"""The folder of one ring and the rotation of its segments, as the publisher sees them."""

from __future__ import annotations

import contextlib
import itertools
import math
import mmap
import os
import shutil
import time
from collections import deque
from pathlib import Path

from banyan import limits
from banyan.shared import locks, places
from banyan.shared.locks import Opened
from banyan.shared.segment import HEADER_BYTES, Segment


def largest(ring_bytes: int) -> int:
    """Return the bytes of one message at most: with fewer than four, any moment of lag is a gap."""
    return ring_bytes // 4 - HEADER_BYTES


class Store:
    """Segments in the order in which they were begun; the last one is written to.

    Subscribers that keep up have read the oldest one long since, so that one is used again first.
    Not safe in several threads at once. Raises OSError when the folder cannot be made.
    """

    def __init__(self, place: Path, ring: str) -> None:
        self._place = place
        self._ring = ring
        self._folder = places.folder_of(place, ring)
        self._folder.mkdir(0o700)
        self._owner = Opened(places.create(self._folder / places.OWNER))
        # If a sweeper has it, this process slept through the whole grace and has lost its folder.
        if not locks.try_exclusive(self._owner.number):
            raise BlockingIOError(f"{self._folder} was swept away")
        self._segments: deque[Segment] = deque()
        self._numbers = itertools.count()
        self._generations = itertools.count(1)
        self._bytes = 0
        self._grows_from = self._touched = time.monotonic()
        self._began = -math.inf

    def is_there(self) -> bool:
        """Say, now and then, that the ring is in use; False when somebody deleted its folder.

        systemd, for one, deletes a user's files in /dev/shm when he logs out (RemoveIPC).
        """
        now = time.monotonic()
        if now - self._touched >= limits.SHARED_TOUCH_S:
            self._touched = now
            try:
                os.utime(self._folder / places.OWNER)
            except OSError:
                return False
        return True

    def segment_for(self, size: int) -> Segment | None:
        """Return a segment with room for `size` bytes, or None when there is none to be had.

        Raises OSError when the folder cannot be looked at.
        """
        if self._segments and self._segments[-1].has_room(size):
            return self._segments[-1]
        allowed = self._allowed()
        if size > largest(allowed):
            return None
        while True:
            segment = self._new(size, allowed) or self._oldest_free()
            if segment is None:
                return None
            if segment.has_room(size):
                self._segments.append(segment)
                self._breathe()
                return segment
            self._remove(segment)

    def close(self) -> None:
        """Leave the ring to those who still read it, and then to a sweeper."""
        with contextlib.suppress(OSError):
            os.utime(self._folder / places.OWNER)
        for segment in self._segments:
            segment.close()
        self._segments.clear()
        locks.unlock(self._owner.number)

    def _new(self, size: int, allowed: int) -> Segment | None:
        """Return one more segment, if there may be one."""
        more = _segment_size(size, allowed)
        if self._bytes + more > allowed or time.monotonic() < self._grows_from:
            return None
        try:
            segment = Segment(self._folder, self._ring, next(self._numbers), more)
        except (OSError, ValueError):
            self._grows_from = time.monotonic() + limits.SHARED_RETRY_S
            return None
        segment.begin(next(self._generations))
        self._bytes += more
        return segment

    def _allowed(self) -> int:
        """Return the bytes that this ring may have; half of what is free stays free."""
        free = shutil.disk_usage(self._place).free
        return min(limits.SHARED_RING_BYTES, (self._bytes + free) // 2)

    def _oldest_free(self) -> Segment | None:
        """Take out the oldest segment that nobody reads, begun anew.

        Never the newest quarter, which may still be on its way to those who keep up.
        """
        generation = next(self._generations)
        count = len(self._segments)
        for segment in itertools.islice(self._segments, max(0, count - max(1, count // 4))):
            if segment.begin(generation):
                self._segments.remove(segment)
                return segment
        return None

    def _breathe(self) -> None:
        """Let others run, if segments follow each other fast."""
        began, self._began = self._began, time.monotonic()
        if self._began - began < limits.SHARED_FLOOD_S:
            time.sleep(limits.SHARED_BREATH_S)

    def _remove(self, segment: Segment) -> None:
        self._bytes -= segment.size
        segment.remove()
        self._grows_from = 0.0


def _segment_size(size: int, ring_bytes: int) -> int:
    """Return the bytes of a segment in which as many such messages as possible leave no rest."""
    fitting = max(1, (ring_bytes // limits.SHARED_SEGMENTS - HEADER_BYTES) // size)
    return -(-(HEADER_BYTES + fitting * size) // mmap.PAGESIZE) * mmap.PAGESIZE
