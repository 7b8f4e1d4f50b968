"""The figures of a benchmark: what was counted becomes rates, percentiles, rows. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from banyan.cli.bench_plan import size_name

PERCENTILES: Final = {
    "median": 50.0, "90th": 90.0, "99th": 99.0, "99.9th": 99.9, "worst": 100.0,
}  # fmt: skip

KEPT: Final = 0.95
"""Part of the rate that was asked for from which on a publisher has kept the pace."""

FLOW_HEADER: Final = (
    "size", "messages/s", "MB/s", "lost", "lost %", "publisher us", "subscriber us",
)  # fmt: skip

TRIP_HEADER: Final = ("size", "trips", *(f"{name} us" for name in PERCENTILES))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest of the values, in ascending order, that `percent` % do not exceed.

    The nearest-rank definition: always a value that was measured, never one in between.
    """
    if not ordered:
        raise ValueError("no values have no percentile")
    # Rounded before the ceiling: 99.9 / 100 * 1000 is a little more than 999 in binary.
    rank = math.ceil(round(percent * len(ordered) / 100, 6))
    return ordered[max(rank, 1) - 1]


@dataclass(frozen=True, slots=True)
class Throughput:
    """One row: all bursts of one size together."""

    payload_bytes: int
    subscribers: int
    asked_per_second: float | None
    published: int
    published_per_second: float
    delivered: int
    """To all subscribers together, as all of the following."""
    lost: int
    lost_percent: float
    messages_per_second: float
    megabytes_per_second: float
    publisher_cpu_us_per_message: float
    """Of CPU time for each message published."""
    subscriber_cpu_us_per_message: float
    """Of CPU time for each message delivered."""

    def json(self) -> Mapping[str, object]:
        """Return what a line of `--json` holds."""
        return {"kind": "throughput", **_rounded(asdict(self))}

    def cells(self) -> list[str]:
        """Return the row as it is shown, below FLOW_HEADER."""
        return [
            size_name(self.payload_bytes),
            f"{self.messages_per_second:,.0f}",
            f"{self.megabytes_per_second:,.1f}",
            f"{self.lost:,}",
            f"{self.lost_percent:.2f}",
            f"{self.publisher_cpu_us_per_message:,.1f}",
            f"{self.subscriber_cpu_us_per_message:,.1f}",
        ]

    def remark(self) -> str:
        """Return what has to be said of the row, if anything."""
        if self.asked_per_second and self.published_per_second < KEPT * self.asked_per_second:
            return (
                f"{size_name(self.payload_bytes)}: the pace was not kept: "
                f"{self.published_per_second:,.0f} of {self.asked_per_second:,g} messages/s "
                "were published."
            )
        return ""


@dataclass(slots=True)
class Counted:
    """What one size's bursts have yielded so far; times in seconds."""

    published: int = 0
    publishing_s: float = 0.0
    delivered: int = 0
    arriving_s: float = 0.0
    """From beginning to end as they arrived, of the slowest subscriber, summed over the bursts."""

    def add(self, published: int, seconds: float, heard: Sequence[Mapping[str, float]]) -> None:
        """Count a burst: what was published in some seconds, and what each subscriber heard.

        A subscriber does not know its seconds if it got next to nothing and the marks were lost.
        """
        self.published += published
        self.publishing_s += seconds
        self.delivered += sum(int(answer["count"]) for answer in heard)
        self.arriving_s += max(answer["seconds"] for answer in heard) or seconds

    def per_second(self) -> float:
        """Return the speed of delivery, in messages a second."""
        return self.delivered / self.arriving_s if self.arriving_s else 0.0

    def row(
        self,
        size: int,
        subscribers: int,
        rate: float | None,
        publisher_cpu_s: float,
        subscriber_cpu_s: float,
    ) -> Throughput:
        """Return the figures; needs messages that were delivered."""
        expected = self.published * subscribers
        lost = max(0, expected - self.delivered)
        return Throughput(
            payload_bytes=size,
            subscribers=subscribers,
            asked_per_second=rate,
            published=self.published,
            published_per_second=self.published / self.publishing_s,
            delivered=self.delivered,
            lost=lost,
            lost_percent=100 * lost / expected,
            messages_per_second=self.per_second(),
            megabytes_per_second=self.per_second() * size / 1e6,
            publisher_cpu_us_per_message=publisher_cpu_s / self.published * 1e6,
            subscriber_cpu_us_per_message=subscriber_cpu_s / self.delivered * 1e6,
        )


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """One row: the times of many round trips of one size, in microseconds."""

    payload_bytes: int
    trips: int
    median_us: float
    p90_us: float
    p99_us: float
    p99_9_us: float
    max_us: float

    @classmethod
    def of(cls, size: int, times_s: Sequence[float]) -> RoundTrips:
        """Return the figures of times in seconds, in any order."""
        ordered = sorted(times_s)
        found = (percentile(ordered, percent) * 1e6 for percent in PERCENTILES.values())
        return cls(size, len(ordered), *found)

    def json(self) -> Mapping[str, object]:
        """Return what a line of `--json` holds."""
        return {"kind": "round trip", **_rounded(asdict(self))}

    def cells(self) -> list[str]:
        """Return the row as it is shown, below TRIP_HEADER."""
        times = (self.median_us, self.p90_us, self.p99_us, self.p99_9_us, self.max_us)
        return [
            size_name(self.payload_bytes),
            f"{self.trips:,}",
            *(f"{time:,.0f}" for time in times),
        ]


def _rounded(figures: dict[str, object]) -> dict[str, object]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in figures.items()
    }
