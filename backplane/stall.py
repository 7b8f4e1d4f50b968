"""Notices that this process did not run for a while: stopped, swapped out, asleep."""

from __future__ import annotations

import math

from banyan import limits


class Stall:
    """Is told about every `limits.MEMORY_CHECK_S` that the process runs; the caller has the clock.

    Publishers give the connection to a stopped backplane up and make a new one. What they sent on
    the old one is still to be read then, and what they send on the new one would overtake it.
    """

    def __init__(self, now: float) -> None:
        self._ticked = now
        self._resumed = -math.inf

    def tick(self, now: float) -> None:
        """Note that the process runs."""
        self.just_resumed(now)
        self._ticked = now

    def just_resumed(self, now: float) -> bool:
        """Whether it was stopped, so that new publishers are to wait until old ones are read."""
        if now - self._ticked > limits.STALL_S:
            self._resumed = now
        return now - self._resumed < limits.OVERTAKING_S
