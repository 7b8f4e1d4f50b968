"""Sizes and plan of `banyan bench`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan import limits
from banyan.cli import bench_plan
from banyan.cli.bench_plan import MAX_SIZE, Task, parse_size, plan, size_name
from banyan.wire import codec


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("16", 16),
        ("16B", 16),
        ("1k", 1000),
        ("1KB", 1000),
        ("1kib", 1024),
        ("100 KB", 100_000),
        ("1M", 10**6),
        ("1MB", 10**6),
        ("1MiB", 2**20),
        ("1.5MB", 1_500_000),
        (" 0.5KiB ", 512),
        (str(MAX_SIZE), MAX_SIZE),
    ],
)
def test_a_size_is_bytes_with_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "0", "0KB", "-1", "17MB", "16MiB", str(MAX_SIZE + 1), "abc", "1GB", "1e3", "nan", "inf",
     "1.5", "0.0001KB", "1 2", "²", "9" * 400],
)  # fmt: skip
def test_what_is_no_size_is_named_in_the_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"no size|no whole number|not in the range") as caught:
        parse_size(text)
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.integers(1, MAX_SIZE))
def test_a_size_is_shown_as_it_is_typed(size: int) -> None:
    assert parse_size(size_name(size)) == size


def test_sizes_are_shown_in_the_largest_unit_that_fits() -> None:
    names = [size_name(size) for size in (16, 1000, 1024, 1500, 100_000, 10**6, 2**20)]
    assert names == ["16B", "1KB", "1KiB", "1500B", "100KB", "1MB", "1MiB"]


def test_the_largest_size_is_the_largest_message() -> None:
    packed = len(codec.encode(bytes(MAX_SIZE)))
    assert packed == limits.MAX_MESSAGE_BYTES


def test_the_time_is_shared_by_all_rows() -> None:
    made = plan((16, 1000, 10**5, 10**6), 7.0, None, None, None)
    assert [task.size for task in made.flows] == [16, 1000, 10**5, 10**6]
    assert [task.size for task in made.trips] == [16, 1000, 10**5]
    assert {task.seconds for task in made.flows + made.trips} == {1.0}


def test_without_trips_throughput_has_all_the_time() -> None:
    made = plan((16, 1000), 4.0, None, 50.0, 0)
    assert made.trips == ()
    assert made.flows == (Task(16, 2.0, None, 50.0), Task(1000, 2.0, None, 50.0))


def test_counts_are_passed_on_and_trips_are_not_paced() -> None:
    made = plan((16,), 4.0, 10, 5.0, 20)
    assert made.flows == (Task(16, 2.0, 10, 5.0),)
    assert made.trips == (Task(16, 2.0, 20, None),)


def test_a_task_ends_by_its_time_or_by_its_count() -> None:
    timed, counted = Task(16, 2.0), Task(16, 2.0, count=10)
    assert not timed.done(10**6, 1.99)
    assert timed.done(1, 2.0)
    assert not counted.done(9, 100.0)
    assert counted.done(10, 0.1)
    assert (timed.progress(0, 0.5), counted.progress(5, 0.0)) == (0.25, 0.5)
    assert timed.progress(0, 5.0) == 1.0


def test_a_burst_stays_within_time_bytes_and_messages() -> None:
    assert Task(16, 10.0).burst(0, 0.0, 1e9) == bench_plan.BURST_MESSAGES
    assert Task(10**6, 10.0).burst(0, 0.0, 1e9) == bench_plan.BURST_BYTES // 10**6
    assert Task(16, 10.0).burst(0, 0.0, 1000.0) == 250
    assert Task(16, 10.0).burst(0, 9.9, 1000.0) in (99, 100)
    assert Task(16, 10.0, count=100).burst(93, 0.0, 1000.0) == 7


def test_a_paced_burst_is_no_longer_than_another() -> None:
    assert Task(16, 10.0, rate=400.0).burst(0, 0.0, 1e9) == 100
    assert Task(16, 10.0, rate=400.0).warm_up() == 100
    assert Task(16, 10.0, rate=1.0).burst(0, 0.0, 1e9) == 1


@given(
    size=st.integers(1, MAX_SIZE),
    rate=st.none() | st.floats(1, 1e7),
    count=st.none() | st.integers(1, 10**9),
    speed=st.floats(0, 1e9),
)
def test_every_burst_gets_further_and_none_is_too_large(
    size: int, rate: float | None, count: int | None, speed: float
) -> None:
    task = Task(size, 1.0, count, rate)
    for messages in (task.warm_up(), task.burst(0, 0.0, speed)):
        assert messages >= 1
        assert messages == 1 or messages * size <= bench_plan.BURST_BYTES


def test_round_trips_end_with_the_row() -> None:
    assert Task(16, 1.0).trips(500, 0.9) == (bench_plan.BURST_TRIPS, pytest.approx(0.1))
    assert Task(16, 1.0, count=600).trips(500, 0.9) == (100, bench_plan.BURST_S)
