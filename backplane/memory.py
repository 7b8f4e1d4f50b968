"""Tells when the queues of a backplane have taken too much memory, and gives it back."""

from __future__ import annotations

import contextlib
import ctypes

import psutil

from banyan import limits


class MemoryWatch:
    """Compares the memory of this process with a limit, now and then.

    libzmq bounds queues by messages, not by bytes, and their length cannot be lowered while they
    are in use: a queue whose reader has not yet reported what it took would count as full for
    ever. So a subscriber that is slow at large messages can make a backplane grow.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._process = psutil.Process()
        self._limit = limit or min(
            limits.BACKPLANE_MEMORY_BYTES, psutil.virtual_memory().total // 4
        )
        self._threshold = self._limit
        self._settling_until = 0.0

    def used(self) -> int:
        """Return the memory of this process, in bytes."""
        return int(self._process.memory_info().rss)

    def exceeded(self, used: int, now: float) -> bool:
        """Tell whether it is time to free the queues; not again before that has had its effect.

        What they do not hold cannot be freed: if much is left, the threshold moves up, or every
        look would disturb all subscribers for nothing.
        """
        if now < self._settling_until:
            give_back()
            self._threshold = max(self._limit, used + used // 2)
            return False
        if used <= self._threshold:
            return False
        self._settling_until = now + limits.MEMORY_SETTLES_S
        return True


def give_back() -> None:
    """Have the C library return free memory to the system; by itself, glibc keeps it."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
