"""docs/faults.md shows what was measured: the figures kept beside it, all of them."""

from __future__ import annotations

import pytest
from faults import cases, page
from faults.case import CASES
from faults.results import Results, from_json
from faults.systems import SYSTEMS


@pytest.fixture(scope="module")
def results() -> Results:
    return from_json(page.KEPT.read_text(encoding="utf-8"))


def test_the_page_shows_the_kept_results(results: Results) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.with_results(text, results) == text


def test_it_was_a_whole_run(results: Results) -> None:
    assert cases
    assert list(results.cases) == [case.name for case in CASES]
    assert list(results.systems) == [system.key for system in SYSTEMS]
    assert len(results.outcomes) == len(CASES) * len(SYSTEMS)


def test_ours_survived_everything(results: Results) -> None:
    survived, run = results.survived(SYSTEMS[-1].key)
    assert survived == run
    assert run == len(CASES), "a run as root leaves nothing out"
