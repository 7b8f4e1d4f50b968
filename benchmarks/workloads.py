"""What is measured: each workload, its sizes, and which of its figures the report shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

TOPIC: Final = "bench"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that a measurement yields, and how the report calls it."""

    name: str
    heading: str
    higher_is_better: bool = True
    loses: bool = False
    """Whether the part that was lost belongs beside it."""
    ratio: bool = True
    """Whether a ratio to the yardstick says something."""


PER_SECOND: Final = Figure("per_second", "Messages delivered a second", loses=True)
CPU: Final = Figure("cpu_us", "CPU time a message, all processes, us", higher_is_better=False)
FLOW: Final = (PER_SECOND, CPU)
RATE: Final = (Figure("lossless", "Highest paced rate with nothing lost, messages a second"),)
TRIPS: Final = (
    Figure("median_us", "Round trip, median, us", higher_is_better=False),
    Figure("p99_us", "Round trip, 99th percentile, us", higher_is_better=False),
)
TOPICS: Final = Figure("topics", "Topics heard of those subscribed to", ratio=False)
IDLE: Final = (
    Figure("wake_ups", "Wake-ups a second", higher_is_better=False, ratio=False),
    Figure("idle_cpu_us", "CPU time a second, us", higher_is_better=False, ratio=False),
    Figure("rss_mib", "Resident memory, MiB", higher_is_better=False),
    Figure("start_s", "From start of the process to the first message, s", higher_is_better=False),
)


@dataclass(frozen=True, slots=True)
class Times:
    """How long things are waited for or go on, in seconds."""

    probe: float = 0.3
    """One paced burst."""
    trips: float = 1.0
    """The longest series of round trips; some systems make only a few in it."""
    idle: float = 2.0
    """How long nothing is to happen."""
    starts: int = 3
    """How many starts a measured start-up time is the median of."""
    quiet: float = 0.4
    """Nothing more comes when nothing has come for so long after the last was published."""
    late: float = 3.0
    """What comes later than this after the last was published counts as lost, unless publishing
    itself took long."""


QUICK: Final = Times(probe=0.15, trips=0.5, idle=1.0, starts=1, quiet=0.25, late=2.0)


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of load; `count` messages are published in all, by all publishers together."""

    name: str
    title: str
    kind: str = "flow"
    """`flow`: as fast as it goes; `rate`: paced, searching the limit; `trips`; `idle`."""
    count: int = 100_000
    quick_count: int | None = None
    """In a quick run; half of `count` unless given."""
    size: int = 0
    """Bytes in the payload's field `data`; 0: there is none, the payload is {"msg": number}."""
    array: tuple[int, ...] = ()
    publishers: int = 1
    subscribers: int = 1
    places: int = 1
    apart: bool = False
    """Whether each publisher is on a place of its own, instead of all on every place."""
    topics: int = 1
    quick_topics: int | None = None
    deadline_s: float = 30.0
    extra: frozenset[str] = frozenset()
    """Systems that take part only where they are named so."""
    only: frozenset[str] = frozenset()
    """The systems that take part; empty: all."""
    figures: tuple[Figure, ...] = FLOW
    times: Times = Times()
    most_rounds: int | None = None
    """In how many rounds it is measured at most."""

    @property
    def copies(self) -> int:
        """Return how often a subscriber gets each message."""
        return 1 if self.apart else self.places

    @property
    def needs(self) -> frozenset[str]:
        """Return the abilities that a system must have."""
        needs = {"arrays": bool(self.array), "many": self.places > 1}
        return frozenset(ability for ability, needed in needs.items() if needed)

    def quick(self) -> Workload:
        """Return a smaller edition of it."""
        return replace(
            self,
            count=self.quick_count or self.count // 2,
            topics=self.quick_topics or self.topics,
            times=QUICK,
        )

    def heading(self) -> str:
        """Return its title with the number of topics where it speaks of them."""
        return self.title.format(topics=f"{self.topics:,}")

    def topic_names(self) -> list[str]:
        """Return its topics; none begins with another."""
        width = len(str(self.topics - 1))
        return [f"{TOPIC}{number:0{width}}" for number in range(self.topics)]


SHARED: Final = frozenset({"banyan_shared"})
WAYS: Final = frozenset({"banyan_keys", "banyan_permissions", "banyan_stamped", "banyan_unguarded"})
"""Banyan with a protection switched on, or its guard left out."""

MENDED: Final = frozenset({"raw_mended"})

WORKLOADS: Final = (
    Workload("small", "small messages, 1 -> 1", extra=WAYS),
    Workload("rate", "small messages, paced", kind="rate", count=0, figures=RATE),
    Workload("1kb", "1 KB", count=50_000, size=1_000, extra=WAYS),
    Workload("10kb", "10 KB", count=20_000, size=10_000, extra=SHARED),
    Workload("100kb", "100 KB", count=10_000, size=100_000, extra=SHARED),
    Workload("1mb", "1 MB", count=1_200, size=1_000_000, extra=SHARED),
    Workload("array", "640x480x3 array", count=1_200, array=(480, 640, 3), extra=SHARED),
    Workload("trips", "round trips", kind="trips", count=2_000, figures=TRIPS),
    Workload("fan_out", "fan-out 1 -> 8", count=20_000, subscribers=8),
    Workload("fan_in", "fan-in 8 -> 1", count=60_000, publishers=8),
    Workload("five", "5 publishers on 5 backplanes -> 1", places=5, publishers=5, apart=True),
    Workload(
        "five_trips", "round trips from 5 backplanes", kind="trips", count=2_000, places=5,
        figures=TRIPS,
    ),
    Workload(
        "subscriptions", "{topics} subscriptions", count=50_000, topics=10_000, quick_topics=3_000,
        extra=MENDED, figures=(*FLOW, TOPICS),
    ),
    Workload("idle", "idle subscriber", kind="idle", count=0, figures=IDLE, most_rounds=1),
)  # fmt: skip

EXTRAS: Final = frozenset().union(*(workload.extra for workload in WORKLOADS))
"""Systems that take part only in some workloads."""


def takes_part(workload: Workload, system: str, abilities: frozenset[str]) -> bool:
    """Return whether a workload is meant for a system."""
    if workload.only:
        return system in workload.only
    return workload.needs <= abilities and (system not in EXTRAS or system in workload.extra)
