from __future__ import annotations

import random

import pytest

from banyan.cli.latency import Latencies, in_words


def test_percentiles_are_right_to_one_percent_in_bounded_memory() -> None:
    chance, latencies = random.Random(1), Latencies()
    values = sorted(chance.lognormvariate(-7, 2) for _ in range(20_000))
    for value in values:
        latencies.add(value)
    for percent in (1, 50, 99):
        real = values[len(values) * percent // 100 - 1]
        assert latencies.percentile(percent) == pytest.approx(real, rel=0.011)
    assert latencies.worst == latencies.percentile(100) == values[-1]
    assert latencies.count == 20_000
    for value in (0, 2e9):
        latencies.add(value)
    assert len(latencies._classes) < 2000


def test_none_and_one() -> None:
    latencies = Latencies()
    assert latencies.percentile(50) == latencies.worst == 0
    latencies.add(0.25)
    assert latencies.percentile(50) == pytest.approx(0.25, rel=0.011)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (0.0001234, "0.123 ms"),
        (0.0421, "42.1 ms"),
        (0.9996, "1 s"),
        (1234.5, "1234 s"),
    ],
)
def test_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
