"""Whether memory grows: a line through the low points of the later half. Pure.

Low points, because a queue of large messages is a peak and no leak: it is gone a moment later,
while what leaks stays and lifts the low points as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import linear_regression, median
from typing import Final

LEAST_POINTS: Final = 12
"""Low points that a judgement takes, at least."""

SPAN_SECONDS: Final = 10.0
"""In each such span the lowest value counts: longer than anything stays frozen."""

SPANS: Final = 60
"""Of a long life the spans are longer, so that there are so many."""

ALLOWED_BYTES: Final = 4_000_000
ALLOWED_SHARE: Final = 0.05
"""Growth over the later half that counts as flat: allocators keep what they once had, in steps of
about a megabyte, and that is so much more where more is in use."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process used at one moment."""

    at: float
    """Seconds since the beginning."""
    bytes: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Trend:
    """How the memory of one process went over the later half of its life."""

    level: int
    """Bytes, the median of the low points."""
    per_minute: float
    """Bytes; the slope of the least-squares line."""
    growth: float
    """Bytes that this makes over the span."""
    flat: bool


def trend(samples: Sequence[Sample]) -> Trend | None:
    """Return how memory went, or None for a process that lived too short to tell."""
    if not samples:
        return None
    begin, end = samples[0].at, samples[-1].at
    later = [sample for sample in samples if sample.at >= (begin + end) / 2]
    points = low_points(later, max(SPAN_SECONDS, (end - begin) / SPANS))
    if len(points) < LEAST_POINTS:
        return None
    level = int(median(value for _, value in points))
    slope = linear_regression(*zip(*points, strict=True)).slope
    growth = slope * (points[-1][0] - points[0][0])
    return Trend(level, slope * 60, growth, growth <= ALLOWED_BYTES + ALLOWED_SHARE * level)


def low_points(samples: Sequence[Sample], seconds: float = SPAN_SECONDS) -> list[tuple[float, int]]:
    """Return the lowest value of each span of so many seconds, and when it was."""
    spans = groupby(samples, lambda sample: int(sample.at / seconds))
    lowest = (min(span, key=lambda sample: sample.bytes) for _, span in spans)
    return [(sample.at, sample.bytes) for sample in lowest]
