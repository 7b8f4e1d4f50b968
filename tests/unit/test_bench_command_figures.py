"""The figures and rows of `banyan bench`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.cli.bench_figures import (
    FLOW_HEADER,
    TRIP_HEADER,
    Counted,
    RoundTrips,
    percentile,
)


def test_percentiles_are_nearest_ranks() -> None:
    values = [float(value) for value in range(1, 1001)]
    wanted = {50: 500, 90: 900, 99: 990, 99.9: 999, 100: 1000, 0: 1}
    assert {percent: percentile(values, percent) for percent in wanted} == wanted


def test_a_percentile_of_few_values_is_one_of_them() -> None:
    assert percentile([7.0], 99.9) == 7.0
    assert percentile([1.0, 2.0], 50) == 1.0
    assert percentile([1.0, 2.0], 51) == 2.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 100))
def test_so_many_percent_do_not_exceed_it(values: list[float], percent: float) -> None:
    found = percentile(sorted(values), percent)
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values) - 1e-3


def counted() -> Counted:
    """1000 messages published in 2 s; 1980 reach two subscribers, in 4 s."""
    return Counted(published=1000, publishing_s=2.0, delivered=1980, arriving_s=4.0)


def test_throughput_is_counted_where_messages_arrive() -> None:
    row = counted().row(10**6, 2, None, publisher_cpu_s=0.5, subscriber_cpu_s=0.99)
    assert (row.published, row.delivered, row.lost, row.lost_percent) == (1000, 1980, 20, 1.0)
    assert (row.published_per_second, row.messages_per_second) == (500.0, 495.0)
    assert row.megabytes_per_second == 495.0
    assert row.publisher_cpu_us_per_message == pytest.approx(500)
    assert row.subscriber_cpu_us_per_message == pytest.approx(500)
    assert row.cells() == ["1MB", "495", "495.0", "20", "1.00", "500.0", "500.0"]
    assert len(row.cells()) == len(FLOW_HEADER)


def test_bursts_are_summed_by_their_slowest_subscriber() -> None:
    bursts = Counted()
    bursts.add(100, 0.5, [{"count": 100, "seconds": 1.0}, {"count": 50, "seconds": 2.0}])
    bursts.add(100, 0.5, [{"count": 100, "seconds": 3.0}, {"count": 100, "seconds": 1.0}])
    assert bursts == Counted(published=200, publishing_s=1.0, delivered=350, arriving_s=5.0)
    assert bursts.per_second() == 70.0


def test_a_burst_of_which_next_to_nothing_came_took_as_long_as_publishing() -> None:
    bursts = Counted()
    bursts.add(100, 0.5, [{"count": 1, "seconds": 0.0}])
    assert bursts.per_second() == 2.0
    assert Counted().per_second() == 0.0


def test_a_message_that_came_twice_does_not_make_a_loss_negative() -> None:
    row = Counted(10, 1.0, 11, 1.0).row(16, 1, None, 0.0, 0.0)
    assert (row.lost, row.lost_percent) == (0, 0.0)


@pytest.mark.parametrize(("rate", "kept"), [(None, True), (520.0, True), (600.0, False)])
def test_a_pace_that_was_not_kept_is_said(rate: float | None, kept: bool) -> None:
    remark = counted().row(1000, 2, rate, 0.0, 0.0).remark()
    assert bool(remark) != kept
    if not kept:
        assert remark == "1KB: the pace was not kept: 500 of 600 messages/s were published."


def test_round_trips_are_in_microseconds_whatever_their_order() -> None:
    row = RoundTrips.of(16, [value / 1e6 for value in range(1000, 0, -1)])
    times = (row.median_us, row.p90_us, row.p99_us, row.p99_9_us, row.max_us)
    assert times == pytest.approx((500, 900, 990, 999, 1000))
    assert row.cells() == ["16B", "1,000", "500", "900", "990", "999", "1,000"]
    assert len(row.cells()) == len(TRIP_HEADER)


def test_json_has_units_in_its_names() -> None:
    flow = json.loads(json.dumps(counted().row(16, 2, 5.0, 0.1, 0.1).json()))
    assert flow["kind"] == "throughput"
    assert flow["asked_per_second"] == 5.0
    assert flow["messages_per_second"] == 495.0
    trips = RoundTrips.of(16, [0.0000123456]).json()
    assert trips["kind"] == "round trip"
    assert trips["median_us"] == 12.346
