"""The benchmark's plan: turns, the search for a limit, and the workloads themselves."""

from __future__ import annotations

import pytest

from benchmarks import stats
from benchmarks.growth import GROWTH
from benchmarks.plan import RATES, highest, turns
from benchmarks.session import select
from benchmarks.workloads import WORKLOADS, Workload, takes_part

EVERYTHING = frozenset({"arrays", "many"})
POINTS = [workload for growth in GROWTH for _, workload in growth.workloads()]


def named(name: str) -> Workload:
    return next(workload for workload in (*WORKLOADS, *POINTS) if workload.name == name)


@pytest.mark.parametrize("limit", [0, RATES[0], RATES[3], 100_000, RATES[-1], 10_000_000])
def test_the_highest_rung_that_holds_is_found_in_few_steps(limit: int):
    tried: list[int] = []

    def holds(rate: int) -> bool:
        tried.append(rate)
        return rate <= limit

    assert highest(RATES, holds) == max((rate for rate in RATES if rate <= limit), default=0)
    assert len(tried) <= 4
    assert len(set(tried)) == len(tried)


def test_rates_rise():
    assert list(RATES) == sorted(set(RATES))


def test_every_round_begins_with_another_system():
    assert list(turns("abc", 4)) == [
        (0, "a"), (0, "b"), (0, "c"),
        (1, "b"), (1, "c"), (1, "a"),
        (2, "c"), (2, "a"), (2, "b"),
        (3, "a"), (3, "b"), (3, "c"),
    ]  # fmt: skip


def test_nobody_has_no_turns():
    assert list(turns([], 3)) == []


def test_the_ratio_is_the_median_of_those_within_a_round():
    assert stats.median_ratio({0: 2, 1: 30, 2: 8}, {0: 1, 1: 10, 2: 2}) == 3


def test_rounds_that_only_one_has_do_not_count():
    assert stats.median_ratio({0: 2, 1: 3}, {1: 1, 2: 100}) == 3
    assert stats.median_ratio({0: 2}, {1: 1}) is None


def test_a_yardstick_of_zero_gives_no_ratio():
    assert stats.median_ratio({0: 2}, {0: 0}) is None


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (0.1, 1)])
def test_percentiles_are_values_that_occurred(percent: float, value: int):
    assert stats.percentile(range(100, 0, -1), percent) == value


def test_percentile_of_one_value():
    assert stats.percentile([7], 99) == 7


def test_names_of_workloads_differ():
    names = [workload.name for workload in (*WORKLOADS, *POINTS)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("topics", [1, 10, 1_000])
def test_no_topic_begins_with_another(topics: int):
    names = Workload("x", "x", topics=topics).topic_names()
    assert len(set(names)) == topics
    assert len({len(name) for name in names}) == 1


def test_a_quick_workload_is_the_same_but_smaller():
    for workload in WORKLOADS:
        quick = workload.quick()
        assert quick.count < workload.count or quick.count == workload.count == 0
        assert (quick.name, quick.kind) == (workload.name, workload.kind)
        assert quick.topics <= workload.topics


def test_a_heading_tells_how_many_topics_there_are():
    assert named("subscriptions").heading() == "10,000 subscriptions"
    assert named("subscriptions").quick().heading() != "10,000 subscriptions"
    assert named("small").heading() == named("small").title


@pytest.mark.parametrize(
    ("workload", "system", "abilities", "takes"),
    [
        ("small", "raw", EVERYTHING, True),
        ("small", "redis", frozenset(), True),
        ("array", "redis", frozenset(), False),
        ("array", "redis", frozenset({"arrays"}), True),
        ("five", "redis", frozenset({"arrays"}), False),
        ("five_trips", "raw", EVERYTHING, True),
        ("small", "raw_mended", EVERYTHING, False),
        ("subscriptions", "raw_mended", EVERYTHING, True),
        ("growth_topics_10", "raw_mended", EVERYTHING, True),
        ("growth_topics_10", "raw", EVERYTHING, False),
        ("growth_payload_16", "redis", EVERYTHING, False),
        ("1mb", "banyan_shared", frozenset({"arrays"}), True),
        ("small", "banyan_shared", frozenset({"arrays"}), False),
    ],
)
def test_who_takes_part(workload: str, system: str, abilities: frozenset[str], takes: bool):
    assert takes_part(named(workload), system, abilities) is takes


def test_points_of_growth_fit_into_memory_and_publish_something():
    for workload in POINTS:
        assert workload.count * max(1, workload.size) <= 300_000_000, workload.name
        assert workload.count >= 8, workload.name


def test_more_receivers_get_as_many_messages_in_all():
    totals = {
        workload.count * workload.subscribers * workload.places
        for workload in POINTS
        if workload.name.startswith(("growth_subscribers", "growth_backplanes"))
    }
    assert max(totals) <= 2 * min(totals)


def test_nothing_asked_for_is_everything():
    selection = select((), quick=False, rounds=None)
    assert selection.workloads == WORKLOADS
    assert selection.growths == GROWTH


def test_a_selection_by_names():
    selection = select(("trips", "growth_payload"), quick=True, rounds=5)
    assert [workload.name for workload in selection.workloads] == ["trips"]
    assert [growth.name for growth in selection.growths] == ["growth_payload"]
    assert selection.rounds == selection.growth_rounds == 5
    assert selection.workloads[0].count < named("trips").count
