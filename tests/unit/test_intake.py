"""What waits in a component, as the intake reckons it: without sockets and without a clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from banyan import limits
from banyan.counters import Counters
from banyan.intake import Intake

MIB = 1024 * 1024


class FakeLoop:
    running = True
    empty = False
    uncounted_bytes = 0

    def __init__(self) -> None:
        self.actions: list[Callable[[], None]] = []
        self.announced = 0

    def soon(self, action: Callable[[], None]) -> None:
        self.actions.append(action)

    def announce_next(self) -> None:
        self.announced += 1

    def turn(self) -> None:
        while self.actions:
            self.actions.pop(0)()


class FakeInflow:
    def __init__(self) -> None:
        self.arrived = 0
        self.cuts = 0

    def cut(self) -> bool:
        self.cuts += 1
        return True


class Bench:
    """An intake of 64 MiB with two connections, one of which brings 1 MiB messages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop, self.counters = FakeLoop(), Counters()
        self.busy, self.calm = FakeInflow(), FakeInflow()
        self.intake = Intake(list, self.loop, self.counters, 64 * MIB)
        inflows = cast(Any, [self.busy, self.calm])
        monkeypatch.setattr(self.intake, "_look_at_links", lambda: inflows)

    def take(self, count: int) -> None:
        self.counters.received += count
        self.counters.received_bytes += count * MIB

    def bring(self, count: int) -> None:
        self.busy.arrived += count * (MIB + 11)
        self.intake.look()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_what_is_taken_out_does_not_wait(bench: Bench) -> None:
    for _ in range(1000):
        bench.take(1)
        bench.bring(1)
    assert bench.intake.waiting == 0
    assert bench.busy.cuts == 0


def test_it_cuts_above_the_limit_until_half_of_it(bench: Bench) -> None:
    bench.take(1)
    bench.bring(64)
    assert bench.busy.cuts == 0
    bench.bring(2)
    bench.bring(0)
    assert bench.busy.cuts == 2
    assert bench.calm.cuts == 0
    assert bench.counters.cut_off == 1
    bench.take(40)
    bench.bring(0)
    assert not bench.intake.cutting
    assert bench.busy.cuts == 2


def test_small_messages_weigh_what_they_take_in_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = [100 * MIB]
    monkeypatch.setattr("banyan.intake._memory", lambda: memory[0])
    bench.intake.look()
    bench.counters.received, bench.counters.received_bytes = 1000, 15_000
    bench.busy.arrived = 10 * MIB
    bench.intake.look()
    assert not bench.intake.cutting  # they were small, but those that wait are large
    memory[0] = 900 * MIB
    bench.intake.look()
    assert bench.intake.cutting
    assert bench.intake.waiting < 100 * MIB  # the rest is the program's own


def test_an_empty_queue_puts_the_figure_right(bench: Bench) -> None:
    """What libzmq threw away with a lost connection never comes out."""
    bench.take(1)
    bench.bring(40)
    assert bench.intake.waiting > 38 * MIB
    bench.loop.turn()  # not empty yet
    bench.bring(0)
    assert bench.intake.waiting > 38 * MIB
    bench.loop.empty = True
    bench.loop.turn()
    bench.bring(1)
    assert bench.intake.waiting == pytest.approx(MIB, rel=0.01)


def test_what_was_taken_twice_is_forgotten(bench: Bench) -> None:
    bench.take(100)
    bench.bring(1)
    assert bench.intake.waiting == 0
    bench.bring(10)
    assert bench.intake.waiting == pytest.approx(10 * MIB, rel=0.01)


def test_it_rests_when_nothing_comes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.take(1)
    bench.bring(1)
    monkeypatch.setattr(limits, "RECEIVE_QUEUE_QUIET_S", -1.0)
    bench.bring(0)
    assert not bench.intake.finished  # the handler may hang: only the loop can tell
    bench.loop.empty = True
    bench.loop.turn()
    assert bench.intake.finished
    assert bench.loop.announced == 1
    bench.intake.begin()
    assert not bench.intake.finished
    bench.intake.close()
    assert bench.intake.finished
