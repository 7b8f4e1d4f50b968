"""A whole run: every workload, every round, every system in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.measure import measure
from benchmarks.plan import turns
from benchmarks.processes import MeasurementError, Warden
from benchmarks.results import Measurement, Omission, Results
from benchmarks.systems import System
from benchmarks.workloads import Workload, takes_part

Step = Callable[[int, int, str], object]
"""Told after each measurement: how many are done, of how many, and what came of it."""


@dataclass(slots=True)
class Run:
    """Fills results while it goes on, so that an interrupted run has what it got so far."""

    results: Results
    systems: Sequence[System]
    warden: Warden
    step: Step
    total: int = 0
    _done: int = 0
    _given_up: set[tuple[str, str]] = field(default_factory=set)

    def everything(self, workloads: Sequence[tuple[Workload, int]]) -> None:
        """Measure workloads, each in so many rounds."""
        self.total = sum(len(self._taking_part(one)) * rounds for one, rounds in workloads)
        for workload, rounds in workloads:
            for number, system in turns(self._taking_part(workload), rounds):
                self._done += 1
                if (workload.name, system.key) not in self._given_up:
                    self._measure(workload, system, number)

    def _taking_part(self, workload: Workload) -> list[System]:
        return [
            system
            for system in self.systems
            if takes_part(workload, system.key, system.adapter.ABILITIES)
        ]

    def _measure(self, workload: Workload, system: System, number: int) -> None:
        begun = time.monotonic()
        try:
            figures = measure(system, workload, self.warden)
        except (MeasurementError, OSError) as error:
            self._given_up.add((workload.name, system.key))
            self.results.omissions.append(Omission(system.key, workload.name, str(error)))
            words = f"left out: {error}"
        else:
            one = Measurement(workload.name, system.key, number, figures)
            self.results.measurements.append(one)
            words = ", ".join(f"{name} {value:,.4g}" for name, value in figures.items())
        took = time.monotonic() - begun
        line = f"{workload.name}, {system.name}: {words}  [{took:.1f} s]"
        self.step(self._done, self.total, line)
