"""docs/performance.md shows what was measured: the figures kept beside it, all of them."""

from __future__ import annotations

import pytest

from benchmarks import page
from benchmarks.results import Results, from_json


@pytest.fixture(scope="module")
def results() -> Results:
    return from_json((page.KEPT / "results.json").read_text(encoding="utf-8"))


def test_the_page_shows_the_kept_results(results: Results) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.with_results(text, results, page.kept_plots()) == text


def test_it_was_a_whole_run(results: Results) -> None:
    assert not results.quick
    assert results.rounds >= 3
    assert {"banyan", "raw", "python-banyan", "NATS", "mosquitto", "Redis", "libzmq in C"} <= set(
        results.systems.values()
    )
    assert {"delivered.svg", "cpu.svg", "trips.svg", "growth.svg"} <= set(page.kept_plots())
