"""How cost grows: workloads in steps of one thing, for the yardstick and Banyan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.workloads import Workload

_BYTES_A_POINT: Final = 200_000_000
"""At most so many bytes of payload travel for one point: what waits has to fit into memory."""


@dataclass(frozen=True, slots=True)
class Growth:
    """One curve: a workload for each value of one of its fields."""

    name: str
    title: str
    unit: str
    field: str
    values: tuple[int, ...]
    quick_values: tuple[int, ...]
    systems: frozenset[str]
    count: int
    reference: str = "raw"

    def workload(self, value: int, *, quick: bool = False) -> Workload:
        """Return one point."""
        count = self.count // value if self.field in {"subscribers", "places"} else self.count
        if self.field == "size":
            count = min(count, _BYTES_A_POINT // value)
        made = Workload(
            name=f"{self.name}_{value}",
            title=f"{self.title}: {value:,}",
            count=max(8, count),
            only=self.systems,
            deadline_s=60,
        )
        made = replace(made, **{self.field: value})  # type: ignore[arg-type]  # all of them are int
        return made.quick() if quick else made

    def workloads(self, *, quick: bool = False) -> Sequence[tuple[int, Workload]]:
        """Return all points with their values."""
        values = self.quick_values if quick else self.values
        return [(value, self.workload(value, quick=quick)) for value in values]


_BOTH: Final = frozenset({"raw", "banyan_base"})

GROWTH: Final = (
    Growth(
        "growth_subscribers", "subscribers", "subscribers", "subscribers",
        (1, 2, 4, 8, 16, 32, 64), (1, 8), _BOTH, count=160_000,
    ),
    Growth(
        "growth_topics", "topics subscribed to", "topics", "topics",
        (1, 10, 100, 1_000, 10_000, 100_000), (1, 1_000),
        frozenset({"raw_mended", "banyan_base"}), count=50_000, reference="raw_mended",
    ),
    Growth(
        "growth_backplanes", "backplanes of one client", "backplanes", "places",
        (1, 2, 4, 8, 16), (1, 4), _BOTH, count=80_000,
    ),
    Growth(
        "growth_payload", "bytes in a payload", "bytes", "size",
        (16, 100, 1_000, 10_000, 100_000, 1_000_000, 4_000_000, 16_000_000),
        (16, 10_000, 1_000_000), _BOTH | {"banyan_shared"}, count=30_000,
    ),
)  # fmt: skip
