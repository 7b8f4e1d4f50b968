"""When a backplane frees its queues, and when not."""

from __future__ import annotations

from backplane.memory import MemoryWatch, give_back
from banyan import limits

MB = 1_000_000


def test_it_is_time_above_the_limit_and_not_again_at_once() -> None:
    watch = MemoryWatch(limit=100 * MB)
    assert not watch.exceeded(99 * MB, now=10.0)
    assert watch.exceeded(101 * MB, now=10.0)
    assert not watch.exceeded(500 * MB, now=10.1)


def test_what_cannot_be_freed_does_not_disturb_for_ever() -> None:
    watch = MemoryWatch(limit=100 * MB)
    assert watch.exceeded(150 * MB, now=0.0)
    assert not watch.exceeded(120 * MB, now=1.0)  # so much is left
    assert not watch.exceeded(120 * MB, now=limits.MEMORY_SETTLES_S + 1)
    assert watch.exceeded(181 * MB, now=limits.MEMORY_SETTLES_S + 2)
    assert not watch.exceeded(30 * MB, now=limits.MEMORY_SETTLES_S + 3)
    later = 2 * limits.MEMORY_SETTLES_S + 10
    assert watch.exceeded(101 * MB, now=later)  # it was freed, so the limit holds again


def test_it_measures_this_process() -> None:
    give_back()
    assert 5 * MB < MemoryWatch().used() < 10_000 * MB
