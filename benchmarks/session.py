"""One run from what was asked for to its results."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks import machine
from benchmarks.growth import GROWTH, Growth
from benchmarks.processes import Warden
from benchmarks.results import Curve, Omission, Results, Row
from benchmarks.run import Run, Step
from benchmarks.systems import REFERENCE, System
from benchmarks.workloads import WORKLOADS, Figure, Workload

ROUNDS = 3
GROWTH_ROUNDS = 1


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be measured."""

    workloads: tuple[Workload, ...]
    growths: tuple[Growth, ...]
    rounds: int
    growth_rounds: int
    quick: bool


def select(names: Iterable[str], *, quick: bool, rounds: int | None) -> Selection:
    """Return what is asked for by names; everything if by none."""
    wanted = set(names) or {one.name for one in (*WORKLOADS, *GROWTH)}
    workloads = [workload for workload in WORKLOADS if workload.name in wanted]
    return Selection(
        workloads=tuple(workload.quick() if quick else workload for workload in workloads),
        growths=tuple(growth for growth in GROWTH if growth.name in wanted),
        rounds=rounds or (1 if quick else ROUNDS),
        growth_rounds=rounds or GROWTH_ROUNDS,
        quick=quick,
    )


def measured(selection: Selection, systems: Sequence[System], step: Step) -> tuple[Results, bool]:
    """Measure; return the results and whether they are complete: Ctrl-C ends it early."""
    begun = time.monotonic()
    results = _empty(selection, systems)
    present = _present(results, systems)
    complete = True
    with Warden() as warden:
        try:
            Run(results, present, warden, step).everything(_plan(selection))
        except KeyboardInterrupt:
            complete = False
    results.seconds = round(time.monotonic() - begun, 1)
    return results, complete


def _plan(selection: Selection) -> list[tuple[Workload, int]]:
    """Return all workloads with their rounds."""
    growing = [
        (workload, selection.growth_rounds)
        for growth in selection.growths
        for _, workload in growth.workloads(quick=selection.quick)
    ]
    rounds = selection.rounds
    once = [(one, min(rounds, one.most_rounds or rounds)) for one in selection.workloads]
    return once + growing


def _empty(selection: Selection, systems: Sequence[System]) -> Results:
    return Results(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        quick=selection.quick,
        rounds=selection.rounds,
        seconds=0.0,
        machine=machine.describe(),
        systems={system.key: system.name for system in systems},
        reference=REFERENCE,
        rows=[
            _row(workload, figure)
            for workload in selection.workloads
            for figure in workload.figures
        ],
        curves=[_curve(growth, quick=selection.quick) for growth in selection.growths],
    )


def _row(workload: Workload, figure: Figure) -> Row:
    return Row(
        workload=workload.name,
        figure=figure.name,
        title=workload.heading(),
        heading=figure.heading,
        higher_is_better=figure.higher_is_better,
        loses=figure.loses,
        ratio=figure.ratio,
    )


def _curve(growth: Growth, *, quick: bool) -> Curve:
    points = {workload.name: float(at) for at, workload in growth.workloads(quick=quick)}
    return Curve(growth.name, growth.title, growth.unit, growth.reference, points)


def _present(results: Results, systems: Sequence[System]) -> list[System]:
    """Return the systems that are installed; the others are left out by name."""
    present = []
    for system in systems:
        if reason := system.adapter.missing():
            results.omissions.append(Omission(system.key, "", reason))
        else:
            present.append(system)
    return present
