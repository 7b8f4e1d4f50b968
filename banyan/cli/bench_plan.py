"""What a benchmark measures and for how long: sizes, tasks, bursts. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from banyan import limits

FULL_S: Final = 10.0
QUICK_S: Final = 2.0
"""Time for all measurements; starting the processes comes on top, about a second."""

SIZES: Final = ("16B", "1KB", "100KB", "1MB")

TRIP_SIZES: Final = 3
"""Round trips are made with the first sizes only: large payloads show in MB/s."""

MAX_SIZE: Final = limits.MAX_MESSAGE_BYTES - 5
"""Bytes of data in a message at most: MessagePack puts a header of up to 5 bytes before them."""

MAX_SUBSCRIBERS: Final = 64

BURST_S: Final = 0.25
"""Length of a burst: short enough that its end is heard of soon, long enough to be a measure."""

BURST_BYTES: Final = 64 * 1024 * 1024
"""Data of one burst at most. It may all wait for a slow subscriber, and a backplane whose memory
is full throws away what waits, the messages of others included."""

BURST_MESSAGES: Final = 100_000
"""Messages of one burst at most: half of the queue a backplane has for a subscriber."""

BURST_TRIPS: Final = 100_000
"""Round trips of one burst at most; BURST_S ends it long before."""

WARM_UP_MESSAGES: Final = 1000
WARM_UP_BYTES: Final = 1_000_000
"""A first burst that does not count; it also tells how large the next one may be."""

CHUNK_S: Final = 0.001
"""Time between two looks at the clock of a paced publisher."""

_UNITS: Final = {
    "": 1, "b": 1, "k": 10**3, "kb": 10**3, "kib": 2**10, "m": 10**6, "mb": 10**6, "mib": 2**20,
}  # fmt: skip

_NAMES: Final = {"MiB": 2**20, "MB": 10**6, "KiB": 2**10, "KB": 10**3}


@dataclass(frozen=True, slots=True)
class Task:
    """One row of the result: `size` bytes a message, for `seconds` or until there are `count`."""

    size: int
    seconds: float
    count: int | None = None
    rate: float | None = None
    """Messages a second, None for as many as go."""

    def done(self, count: int, seconds: float) -> bool:
        """Whether that many messages in that time are enough."""
        return seconds >= self.seconds if self.count is None else count >= self.count

    def progress(self, count: int, seconds: float) -> float:
        """Return the part that is done, from 0 to 1."""
        part = seconds / self.seconds if self.count is None else count / self.count
        return min(1.0, part)

    def warm_up(self) -> int:
        """Return the messages of the burst that does not count."""
        return self._limited(WARM_UP_MESSAGES, WARM_UP_BYTES, BURST_S)

    def burst(self, count: int, seconds: float, per_second: float) -> int:
        """Return the messages of the next burst, after `count` in `seconds` at some speed.

        Never 0. With a count it ends there, without one at about the time that was planned.
        """
        left = BURST_S if self.count is not None else min(BURST_S, self.seconds - seconds)
        paced = self._limited(BURST_MESSAGES, BURST_BYTES, left)
        messages = min(paced, int(per_second * left))
        return max(1, messages if self.count is None else min(messages, self.count - count))

    def trips(self, count: int, seconds: float) -> tuple[int, float]:
        """Return how many round trips may follow without a pause, and for how many seconds."""
        if self.count is not None:
            return self.count - count, BURST_S
        return BURST_TRIPS, min(BURST_S, self.seconds - seconds)

    def _limited(self, messages: int, size: int, seconds: float) -> int:
        most = min(messages, size // self.size)
        return max(1, most if self.rate is None else min(most, int(self.rate * seconds)))


@dataclass(frozen=True, slots=True)
class Plan:
    """All rows, in the order in which they are measured."""

    flows: tuple[Task, ...]
    trips: tuple[Task, ...]


def plan(
    sizes: Sequence[int], seconds: float, count: int | None, rate: float | None, trips: int | None
) -> Plan:
    """Share the time out: an equal part for each size's throughput and for each size's trips.

    A count takes the place of the time; no trips (0) leave their time to the throughput.
    """
    trip_sizes = [] if trips == 0 else sizes[:TRIP_SIZES]
    share = seconds / (len(sizes) + len(trip_sizes))
    return Plan(
        tuple(Task(size, share, count, rate) for size in sizes),
        tuple(Task(size, share, trips) for size in trip_sizes),
    )


def parse_size(text: str) -> int:
    """Return the bytes of `16`, `1KB` (1000), `1KiB` (1024), `1.5M`; raise ValueError."""
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([a-z]*)", text.strip().lower())
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"{text!r} is no size: expected bytes, as 16, 1KB, 1KiB, 1MB or 1MiB")
    size = Fraction(match[1]) * _UNITS[match[2]]
    if size.denominator != 1:
        raise ValueError(f"{text!r} is no whole number of bytes")
    if not 1 <= size <= MAX_SIZE:
        raise ValueError(f"{text!r} is not in the range from 1 byte to {MAX_SIZE} bytes")
    return int(size)


def size_name(size: int) -> str:
    """Return a size as it is typed, in the largest unit that needs no fraction."""
    for name, unit in _NAMES.items():
        if size % unit == 0:
            return f"{size // unit}{name}"
    return f"{size}B"
