"""The judges of `make soak`: forged histories with one thing wrong each, and they complain."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soak import cast, plan
from soak.ledger import Ledger
from soak.trend import Sample, low_points, trend
from soak.verdict import LEAVING_SECONDS, History, complaints

MB = 1_000_000


def heard(*numbers: int, reported: dict[int, int] | None = None) -> Ledger:
    """Return the ledger of a subscriber that heard these; `reported` comes before a number."""
    ledger = Ledger()
    for number in numbers:
        if reported and number in reported:
            ledger.gap("t", "publisher", reported[number])
        ledger.heard("t", "life", number)
    return ledger


def test_all_that_was_published_is_no_fault() -> None:
    ledger = heard(1, 2, 3)
    assert (ledger.received, ledger.lost, ledger.faults) == (3, 0, [])


def test_what_was_before_the_first_message_cannot_be_known() -> None:
    assert heard(17, 18).faults == []


def test_a_loss_that_was_reported_is_no_fault() -> None:
    ledger = heard(1, 5, 6, 9, reported={5: 3, 9: 2})
    assert (ledger.lost, ledger.reported, ledger.faults) == (5, 5, [])


@pytest.mark.parametrize(
    ("ledger", "fault"),
    [
        (heard(1, 2, 4), "unreported: life t 2 to 4 lacks 1, reported 0"),
        (heard(1, 9, reported={9: 5}), "unreported: life t 1 to 9 lacks 7, reported 5"),
        (heard(1, 2, reported={2: 3}), "overreported: life t 1 to 2 lacks 0, reported 3"),
        (heard(4, 5, reported={4: 3}), "reported 3 lost before the first of life t, 4"),
        (heard(1, 2, 2), "duplicate: life t 2 after 2"),
        (heard(1, 2, 3, 1), "duplicate: life t 1 after 3"),
        (heard(1, 4, 3, reported={4: 2}), "out of order: life t 3 after 4"),
        (heard(1, 2, reported={2: 0}), "a gap of 0 messages was reported on t"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_thing_that_is_wrong_is_seen(ledger: Ledger, fault: str) -> None:
    assert ledger.faults == [fault]
    assert ledger.fault_count == 1


def test_a_malformed_message_is_seen() -> None:
    ledger = Ledger()
    ledger.heard("t", "life", 1, intact=False)
    assert ledger.faults == ["malformed: life t 1"]


def test_lives_and_topics_are_told_apart() -> None:
    ledger = Ledger()
    for topic, life in itertools.product("ab", ("one", "two")):
        for number in (1, 2):
            ledger.heard(topic, life, number)
    assert ledger.faults == []


def test_many_faults_are_counted_and_a_few_kept() -> None:
    ledger = heard(*[1] * 500)
    assert ledger.fault_count == 499
    assert len(ledger.faults) < 30


@given(st.sets(st.integers(1, 60), min_size=1), st.data())
def test_honest_reports_pass_and_any_that_is_kept_back_is_seen(
    numbers: set[int], data: st.DataObject
) -> None:
    order = sorted(numbers)
    gaps = {b: b - a - 1 for a, b in itertools.pairwise(order) if b - a > 1}
    assert heard(*order, reported=gaps).faults == []
    if gaps:
        del gaps[data.draw(st.sampled_from(sorted(gaps)))]
        assert "unreported" in heard(*order, reported=gaps).faults[0]


# --- memory ---------------------------------------------------------------------------------


def life(
    grows_per_minute: float = 0, peaks: float = 0, minutes: float = 10, start: float = 30 * MB
) -> list[Sample]:
    """Return a sample each second; half of them in peaks of so many bytes."""
    chance = random.Random(0)
    return [
        Sample(at, int(start + grows_per_minute * at / 60 + chance.choice((0, peaks))), 20)
        for at in range(int(minutes * 60))
    ]


def test_flat_memory_is_flat_whatever_its_peaks() -> None:
    found = trend(life(peaks=500 * MB))
    assert found
    assert found.flat
    assert abs(found.per_minute) < 0.01 * MB
    assert found.level == 30 * MB


def test_growth_while_it_warms_up_is_no_leak() -> None:
    warm = [Sample(at, 80 * MB, 20) for at in range(300, 600)]
    found = trend([*life(10 * MB, minutes=5), *warm])
    assert found
    assert found.flat


@pytest.mark.parametrize("peaks", [0, 500 * MB])
def test_a_leak_is_seen_under_any_peaks(peaks: float) -> None:
    found = trend(life(2 * MB, peaks))
    assert found
    assert not found.flat
    assert found.per_minute == pytest.approx(2 * MB, rel=0.05)


def test_a_short_life_tells_nothing() -> None:
    assert trend(life(10 * MB, minutes=1)) is None
    assert trend([]) is None


def test_low_points_are_the_lowest_of_each_span() -> None:
    samples = [Sample(at, 100 - at % 10, 1) for at in range(20)]
    assert low_points(samples) == [(9, 91), (19, 91)]


# --- the verdict ----------------------------------------------------------------------------


def account(number: int = 9, **changes: Any) -> dict[str, Any]:
    return {"received": 9, "faults": [], "fault_count": 0, "last": {"life t": number}} | changes


def history(**changes: Any) -> History:
    good: dict[str, Any] = {
        "accounts": {"listener": [account()]},
        "sent": {"talker": {"life t": 9}},
        "audiences": [("listener", "talker", "t")],
        "samples": {"bus": [life()]},
        "descriptors": {"bus": (20, 22, 4)},
        "leaving": {"talker": 2.1},
    }
    return History(**(good | changes))


def test_a_play_that_went_well_passes() -> None:
    assert complaints(history()) == []
    assert complaints(history(accounts={"listener": [account(10)]})) == []  # interrupted


WRONG = [
    ({"events": ["bus ended"]}, "bus ended"),
    ({"accounts": {"listener": [account(8)]}}, "listener: of life t the last heard is 8 of 9"),
    ({"accounts": {"listener": [account(last={})]}}, "the last heard is 0 of 9"),
    ({"accounts": {"listener": [account(faults=["x"]), account()]}}, "listener: x"),
    ({"accounts": {"listener": [account(fault_count=3)]}}, "listener: 3 faults more"),
    ({"accounts": {"listener": [account(received=0)]}}, "listener received nothing at all"),
    ({"samples": {"bus": [[], life(3 * MB)]}}, "bus grows: 14"),
    ({"descriptors": {"bus": (20, 25, 4)}}, "bus had 20 descriptors in the calm before and 25"),
    ({"leaving": {"talker": LEAVING_SECONDS + 1}}, "talker took 7.0 s to end"),
]


@pytest.mark.parametrize(("changes", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_play_that_went_wrong_fails(changes: dict[str, Any], words: str) -> None:
    (complaint,) = complaints(history(**changes))
    assert words in complaint


# --- plan and cast --------------------------------------------------------------------------


def some_deeds(seed: int) -> list[plan.Deed]:
    deeds = plan.deeds(seed, ["mortal"], ["mortal", "steady"], ["bus"], every=2)
    return list(itertools.islice(deeds, 500))


def test_the_same_seed_is_the_same_plan() -> None:
    assert some_deeds(1) == some_deeds(1) != some_deeds(2)


def test_all_deeds_occur_and_only_the_mortal_die() -> None:
    deeds = some_deeds(1)
    assert {deed.kind for deed in deeds} == set(plan.WEIGHTS)
    assert {deed.target for deed in deeds if deed.kind in (plan.KILL, plan.END)} == {"mortal"}
    assert {deed.target for deed in deeds if deed.kind == plan.FREEZE} == {"mortal", "steady"}
    assert any(deed.seconds > 6 for deed in deeds if deed.kind == plan.FREEZE)


@pytest.mark.parametrize("light", [True, False])
def test_everybody_has_an_audience_and_nobody_hears_a_message_twice(light: bool) -> None:
    members = cast.members(light=light)
    heard = list(cast.audiences(members))
    assert {publisher for _, publisher, _ in heard} == {
        member.name for member in members if member.role == "publisher"
    }
    assert {listener for listener, _, _ in heard} == {
        member.name for member in members if member.role == "subscriber"
    }
    by_name = {member.name: member for member in members}
    for listener, publisher, _ in heard:
        assert len(set(by_name[listener].buses) & set(by_name[publisher].buses)) == 1
