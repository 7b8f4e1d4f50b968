"""What is to be done when: one thread plays everything, so nothing needs a lock."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Final

Action = Callable[[], object]

_TICK_S: Final = 0.05


class Schedule:
    """Actions and their times, in seconds since the beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._due: list[tuple[float, int, Action]] = []
        self._order = itertools.count()
        self._never = threading.Event()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def later(self, seconds: float, action: Action) -> None:
        """Have something done so much later."""
        heapq.heappush(self._due, (self.now + seconds, next(self._order), action))

    def run(self) -> None:
        """Do what is due, then pause for a moment; Ctrl-C interrupts the pause."""
        while self._due and self._due[0][0] <= self.now:
            heapq.heappop(self._due)[2]()
        self._never.wait(_TICK_S)

    def hurry(self) -> None:
        """Do at once all that was to be done later."""
        due, self._due = sorted(self._due), []
        for _, _, action in due:
            action()
