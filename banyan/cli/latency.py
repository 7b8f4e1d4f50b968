"""Latencies in bounded memory: median, percentiles and worst of any number. Pure."""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

_LEAST_S: Final = 1e-6
"""All below count as this: clocks of two processes do not agree to less."""

_WIDTH: Final = 1.02
"""Ratio of a class's bounds: percentiles are right to 1 %, and a day is 1,300 classes away."""


class Latencies:
    """Counts latencies in classes that grow with them."""

    def __init__(self) -> None:
        self.worst = 0.0
        """In seconds, as all of them."""
        self._classes: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Count one more."""
        self.worst = max(self.worst, seconds)
        self._classes[round(math.log(max(seconds, _LEAST_S) / _LEAST_S, _WIDTH))] += 1

    @property
    def count(self) -> int:
        """How many were counted."""
        return self._classes.total()

    def percentile(self, percent: float) -> float:
        """Return what `percent` % do not exceed, in seconds; 0 if there are none."""
        left = math.ceil(percent * self.count / 100)
        for number in sorted(self._classes):
            left -= self._classes[number]
            if left <= 0:
                return float(min(self.worst, _LEAST_S * _WIDTH**number))
        return self.worst


def in_words(seconds: float) -> str:
    """Return a latency in six characters or so, in the unit that suits it."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:.0f} s"
