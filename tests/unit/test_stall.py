"""How a backplane notices that it was stopped; the clock is the test's."""

from __future__ import annotations

from backplane.stall import Stall
from banyan.limits import MEMORY_CHECK_S, OVERTAKING_S, STALL_S

START = 1000.0
LONG = STALL_S + 0.1


def ticking(stall: Stall, begin: float, seconds: float) -> list[bool]:
    """Tick as a backplane does; return what was answered before each tick."""
    answers = []
    for step in range(1, round(seconds / MEMORY_CHECK_S) + 1):
        now = begin + step * MEMORY_CHECK_S
        answers.append(stall.just_resumed(now))
        stall.tick(now)
    return answers


def test_who_runs_all_the_time_was_never_stopped() -> None:
    stall = Stall(START)
    assert not stall.just_resumed(START)
    assert not any(ticking(stall, START, 60))


def test_a_short_pause_is_none() -> None:
    stall = Stall(START)
    assert not stall.just_resumed(START + STALL_S)
    stall.tick(START + STALL_S)
    assert not stall.just_resumed(START + 2 * STALL_S)


def test_whoever_asks_first_notices() -> None:
    """The door may be asked before the thread that ticks runs again."""
    stall = Stall(START)
    assert stall.just_resumed(START + LONG)
    stall.tick(START + LONG + 0.01)
    assert stall.just_resumed(START + LONG + OVERTAKING_S / 2)


def test_the_tick_notices_as_well() -> None:
    stall = Stall(START)
    stall.tick(START + LONG)
    assert stall.just_resumed(START + LONG)


def test_it_is_over_after_a_while() -> None:
    stall = Stall(START)
    stall.tick(START + LONG)
    answers = ticking(stall, START + LONG, 3 * OVERTAKING_S)
    waiting = answers.count(True)
    assert answers == [True] * waiting + [False] * (len(answers) - waiting)
    assert abs(waiting * MEMORY_CHECK_S - OVERTAKING_S) <= 2 * MEMORY_CHECK_S


def test_every_stop_is_noticed() -> None:
    stall = Stall(START)
    now = START
    for _ in range(3):
        now += LONG
        stall.tick(now)
        assert stall.just_resumed(now)
        ticking(stall, now, 2 * OVERTAKING_S)
        now += 2 * OVERTAKING_S
        assert not stall.just_resumed(now)
