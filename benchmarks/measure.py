"""Measures one workload on one system: what is done on the stage, and the figures it yields."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from benchmarks import clocks, stats
from benchmarks.bursts import burst
from benchmarks.plan import RATES, highest
from benchmarks.processes import MeasurementError, Warden
from benchmarks.roles import Role
from benchmarks.stage import Stage, bring_up, stage, wait_for_brokers
from benchmarks.systems import System
from benchmarks.workloads import Workload

Figures = dict[str, float]

_PACE: Final = 1.15
"""A publisher that takes longer than this times the planned time has not kept the pace."""

_WARM_UP: Final = 0.1
"""The part of the round trips that does not count: the first ones fill caches."""


def measure(system: System, workload: Workload, warden: Warden) -> Figures:
    """Return the figures of one measurement; raise MeasurementError with the reason if none."""
    with stage(system, workload, warden) as made:
        try:
            return KINDS[workload.kind](made)
        except MeasurementError as error:
            raise MeasurementError(made.failure() or str(error)) from None


def flow(stage: Stage) -> Figures:
    """Publish everything as fast as it goes."""
    publishers, subscribers = _flowing(stage)
    came = burst(stage, publishers, subscribers, stage.workload.count, last=True)
    if not came.received:
        raise MeasurementError("next to nothing arrived")
    figures = {
        "per_second": came.received / came.seconds,
        "wall_us": came.seconds / came.received * 1e6,
        "cpu_us": came.cpu_seconds / came.received * 1e6,
        "lost": 1 - came.arrived / came.expected,
    }
    return figures | ({"topics": float(came.topics)} if stage.workload.topics > 1 else {})


def rate(stage: Stage) -> Figures:
    """Search the highest rate at which the publisher keeps the pace and nothing is lost."""
    publishers, subscribers = _flowing(stage)
    seconds = stage.workload.times.probe

    def holds(rate: int) -> bool:
        came = burst(stage, publishers, subscribers, round(rate * seconds), rate=rate)
        return came.arrived == came.expected and came.published_s < seconds * _PACE

    return {"lossless": float(highest(RATES, holds))}


def trips(stage: Stage) -> Figures:
    """Make round trips, one after the other, between two processes on the first place."""
    asker, echoer, starter = (stage.role(name) for name in ("asker", "echoer", "publisher"))
    wait_for_brokers(stage)
    stage.begin(echoer, ["ask"], places=slice(1))
    workload = stage.workload
    stage.begin(asker, ["answer"], trips=workload.count, seconds=workload.times.trips)
    stage.begin(starter, places=slice(1), number=0)
    stage.all_ready([asker, echoer, starter])
    bring_up(stage, [starter], [asker], ["ask"])
    times = asker.hear("trips", stage.deadline)["times"]
    counted = times[round(len(times) * _WARM_UP) :]
    return {
        "median_us": stats.median(counted) * 1e6,
        "p99_us": stats.percentile(counted, 99) * 1e6,
    }


def idle(stage: Stage) -> Figures:
    """Start a subscriber beside a publisher that goes on and on, then let it wait for nothing."""
    publisher = stage.role("publisher")
    wait_for_brokers(stage)
    stage.begin(publisher, number=0)
    publisher.hear("ready", stage.deadline)
    publisher.tell("mark", topic=stage.workload.topic_names()[0], pace=1)
    starts = []
    for _ in range(stage.workload.times.starts):
        subscriber, start_s = _started(stage)
        starts.append(start_s)
        if len(starts) < stage.workload.times.starts:
            stage.dismiss(subscriber)
    publisher.tell("end")
    publisher.hear("done", stage.deadline)
    return {"start_s": stats.median(starts), **_idleness(subscriber.pid, stage.workload.times.idle)}


def _started(stage: Stage) -> tuple[Role, float]:
    """Start a subscriber; return it and the seconds until it got its first message."""
    begun = time.perf_counter()
    subscriber = stage.role("subscriber")
    stage.begin(subscriber, stage.workload.topic_names(), publishers=1, copies=1)
    return subscriber, subscriber.hear("heard", stage.deadline)["at"] - begun


def _idleness(pid: int, seconds: float) -> Figures:
    wake_ups, cpu = clocks.wake_ups(pid), clocks.cpu_seconds([pid])
    time.sleep(seconds)  # what is measured is that nothing happens
    return {
        "wake_ups": (clocks.wake_ups(pid) - wake_ups) / seconds,
        "idle_cpu_us": (clocks.cpu_seconds([pid]) - cpu) / seconds * 1e6,
        "rss_mib": clocks.resident_mib(pid),
    }


KINDS: Final[dict[str, Callable[[Stage], Figures]]] = {
    "flow": flow,
    "rate": rate,
    "trips": trips,
    "idle": idle,
}


def _flowing(stage: Stage) -> tuple[list[Role], list[Role]]:
    """Start all roles and return when the paths between them are up."""
    workload = stage.workload
    publishers = [stage.role("publisher") for _ in range(workload.publishers)]
    subscribers = [stage.role("subscriber") for _ in range(workload.subscribers)]
    wait_for_brokers(stage)
    for number, publisher in enumerate(publishers):
        own = slice(number, number + 1) if workload.apart else slice(None)
        stage.begin(publisher, places=own, number=number)
    for subscriber in subscribers:
        stage.begin(
            subscriber,
            workload.topic_names(),
            publishers=workload.publishers,
            copies=workload.copies,
        )
    stage.all_ready([*publishers, *subscribers])
    bring_up(stage, publishers, subscribers, workload.topic_names())
    for subscriber in subscribers:
        subscriber.hear("steady", stage.deadline)
    return publishers, subscribers
