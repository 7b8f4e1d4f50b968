"""One burst of messages through a stage: published, counted, timed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks import clocks
from benchmarks.processes import Deadline
from benchmarks.roles import Role, Said, tell
from benchmarks.stage import Stage
from benchmarks.workloads import Workload

_PATIENCE: Final = 4
"""What comes later than so many times as long as publishing took counts as lost."""

_ASK_INTERVAL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Burst:
    """What came of one burst. Times and counts of all subscribers together."""

    expected: int
    arrived: int
    received: int
    """Up to the last look at the clock, which `seconds` belongs to."""
    seconds: float
    """From the first message sent to that look."""
    published_s: float
    cpu_seconds: float
    topics: int


def burst(
    stage: Stage,
    publishers: Sequence[Role],
    subscribers: Sequence[Role],
    count: int,
    *,
    rate: int | None = None,
    last: bool = False,
) -> Burst:
    """Have a burst published and wait until all of it has arrived, or no more comes."""
    workload = stage.workload
    each = count // len(publishers)
    expected = each * len(publishers) * workload.copies
    tell(subscribers, "expect", count=expected)
    for subscriber in subscribers:
        subscriber.hear("expecting", stage.deadline)
    cpu = clocks.cpu_seconds(stage.pids())
    for index, publisher in enumerate(publishers):
        publisher.tell("burst", **_content(workload), first=index * each, count=each, rate=rate)
        if last:
            publisher.tell("end")
    sent = [publisher.hear("sent", stage.deadline) for publisher in publishers]
    if last:
        for publisher in publishers:
            publisher.hear("done", stage.deadline)
    begun = min(one["begun"] for one in sent)
    published_s = max(one["ended"] for one in sent) - begun
    patience = max(workload.times.late, _PATIENCE * published_s)
    progress = _settled(stage, subscribers, expected, patience)
    return Burst(
        expected=expected * len(subscribers),
        arrived=sum(min(one["count"], expected) for one in progress),
        received=sum(one["looked"] for one in progress),
        seconds=max(one["at"] for one in progress) - begun,
        published_s=published_s,
        cpu_seconds=clocks.cpu_seconds(stage.pids()) - cpu,
        topics=max(one["topics"] for one in progress),
    )


def _content(workload: Workload) -> dict[str, Any]:
    return {"topics": workload.topic_names(), "size": workload.size, "array": workload.array}


def _settled(
    stage: Stage, subscribers: Sequence[Role], expected: int, patience: float
) -> list[Said]:
    """Return each subscriber's progress once all is there, or no more comes, or it lasts."""
    quiet, deadline = stage.workload.times.quiet, stage.deadline
    progress = [_progress(subscriber, deadline) for subscriber in subscribers]
    now = time.monotonic()
    quiet_at, over_at = now + quiet, now + patience
    while (behind := _behind(progress, expected)) and now < min(quiet_at, over_at):
        subscribers[behind[0]].hear_within(_ASK_INTERVAL_S, "complete")
        before = progress
        progress = [_progress(subscriber, deadline) for subscriber in subscribers]
        now = time.monotonic()
        if progress != before:
            quiet_at = now + quiet
    return progress


def _behind(progress: Sequence[Said], expected: int) -> list[int]:
    return [index for index, one in enumerate(progress) if one["count"] < expected]


def _progress(subscriber: Role, deadline: Deadline) -> Said:
    subscriber.tell("progress")
    return subscriber.hear("progress", deadline)
