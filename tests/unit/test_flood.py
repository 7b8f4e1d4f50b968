"""A flood of messages makes libzmq's I/O thread a batch thread, for as long as it lasts."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest
import zmq
from tools import eventually

from banyan.transport import flood
from banyan.transport.flood import FloodWatch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has batch threads")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(flood, "time", made)
    return made


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield made
    made.destroy(linger=0)


def publish(watch: FloodWatch, clock: Clock, messages: int, seconds_each: float) -> None:
    for number in range(1, messages + 1):
        clock.now += seconds_each
        if not number & watch.mask:
            watch.look()


def policies(watch: FloodWatch) -> set[int]:
    def doing_io() -> list[int]:
        return [thread for thread in watch._threads if flood._does_io(thread)]

    eventually(lambda: len(doing_io()) == 1)  # a thread has its name a moment after its number
    return {os.sched_getscheduler(thread) for thread in doing_io()}


def test_from_a_flood_to_its_end(context: zmq.Context[zmq.Socket[bytes]], clock: Clock) -> None:
    watch = FloodWatch(context)
    publish(watch, clock, 3000, 100e-6)
    assert policies(watch) == {os.SCHED_OTHER}
    publish(watch, clock, 3000, 2e-6)
    assert policies(watch) == {os.SCHED_BATCH}
    clock.now += 0.02  # the program did not run for a while
    publish(watch, clock, 3000, 2e-6)
    assert policies(watch) == {os.SCHED_BATCH}
    publish(watch, clock, 32, 0.1)
    assert policies(watch) == {os.SCHED_OTHER}
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_a_policy_somebody_chose_stays(clock: Clock) -> None:
    seen: list[list[int]] = []

    def with_idle_policy() -> None:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        with zmq.Context() as context:
            seen.append(FloodWatch(context)._threads)

    thread = threading.Thread(target=with_idle_policy)
    thread.start()
    thread.join(5)
    assert seen == [[]]


def test_a_sandbox_that_forbids_it_harms_nobody(
    context: zmq.Context[zmq.Socket[bytes]], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError("seccomp")

    watch = FloodWatch(context)
    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    publish(watch, clock, 3000, 2e-6)
    assert policies(watch) == {os.SCHED_OTHER}


def test_no_threads_are_found_where_there_is_no_proc(
    context: zmq.Context[zmq.Socket[bytes]], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood, "_TASKS", flood._TASKS / "nowhere")
    watch = FloodWatch(context)
    publish(watch, clock, 3000, 2e-6)
    assert watch._threads == []
