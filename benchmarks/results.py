"""What a run came to: figures by workload, system and round, and what was left out. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks import stats


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    workload: str
    figure: str
    title: str
    heading: str
    """What the figure is, with its unit."""
    higher_is_better: bool
    loses: bool
    """Whether the part that was lost belongs beside it."""
    ratio: bool
    """Whether a ratio to the yardstick says something."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """The figures of one workload on one system in one round."""

    workload: str
    system: str
    round: int
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Omission:
    """Why a system is not in the tables, or not in one row; `workload` is "" for all."""

    system: str
    workload: str
    reason: str


@dataclass(frozen=True, slots=True)
class Curve:
    """How a cost grows: the workloads that are its points, in order, and where they stand."""

    name: str
    title: str
    unit: str
    reference: str
    points: dict[str, float]


@dataclass(slots=True)
class Results:
    """One run."""

    made: str
    quick: bool
    rounds: int
    seconds: float
    machine: dict[str, str]
    systems: dict[str, str]
    """Names by key, in the order of the columns."""
    reference: str
    rows: list[Row]
    curves: list[Curve]
    measurements: list[Measurement] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)

    def values(self, workload: str, system: str, figure: str) -> dict[int, float]:
        """Return a figure by round."""
        return {
            one.round: one.figures[figure]
            for one in self.measurements
            if (one.workload, one.system) == (workload, system) and figure in one.figures
        }

    def median(self, workload: str, system: str, figure: str) -> float | None:
        """Return the median over the rounds; None if it was not measured."""
        values = self.values(workload, system, figure)
        return stats.median(list(values.values())) if values else None

    def ratio(
        self, workload: str, system: str, figure: str, reference: str | None = None
    ) -> float | None:
        """Return the median of the ratios to the reference in the same round."""
        values = self.values(workload, system, figure)
        return stats.median_ratio(
            values, self.values(workload, reference or self.reference, figure)
        )

    def measured_systems(self) -> list[str]:
        """Return the systems that have figures, in the order of the columns."""
        found = {one.system for one in self.measurements}
        return [key for key in self.systems if key in found]

    def omitted(self) -> Iterator[tuple[str, str, str]]:
        """Yield name, workload and reason of what was left out."""
        for one in self.omissions:
            yield self.systems.get(one.system, one.system), one.workload, one.reason


def to_json(results: Results) -> str:
    """Return the text of results.json."""
    return json.dumps(asdict(results), indent=1) + "\n"


def from_json(text: str) -> Results:
    """Read what `to_json` wrote."""
    fields: dict[str, Any] = json.loads(text)
    fields["rows"] = [Row(**row) for row in fields["rows"]]
    fields["curves"] = [Curve(**curve) for curve in fields["curves"]]
    fields["measurements"] = [Measurement(**one) for one in fields["measurements"]]
    fields["omissions"] = [Omission(**one) for one in fields["omissions"]]
    return Results(**fields)
