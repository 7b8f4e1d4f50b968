"""The verdict of a fault case: what holds, what does not, and how it is said."""

from __future__ import annotations

import pytest
from faults.case import FOR_ROOT, Outcome, Record
from faults.report import left_out, summary, tables, totals, verdict
from faults.results import Results, from_json, to_json


def outcome(record: Record, *, system: str = "x", skipped: str = "") -> Outcome:
    return Outcome("a case", system, 1.0, record.figures, record.failures, skipped)


def results(*outcomes: Outcome) -> Results:
    systems = {one.system: one.system.upper() for one in outcomes}
    return Results("2026-01-01", {"CPU": "one"}, systems, {"a case": "a group"}, list(outcomes))


@pytest.mark.parametrize(
    ("bounds", "survived"),
    [({}, True), ({"at_most": 5}, True), ({"at_most": 4}, False), ({"at_least": 6}, False)],
)
def test_numbers_are_held_to_their_bounds(bounds: dict[str, float], survived: bool) -> None:
    record = Record()
    assert record.note("lost", 5, "messages", **bounds) is survived
    assert outcome(record).survived is survived


def test_a_failure_without_a_number_is_one() -> None:
    record = Record()
    record.note("lost", 0, at_most=0)
    record.fail("the backplane ended: SIGSEGV")
    assert not outcome(record).survived
    assert "SIGSEGV" in verdict(outcome(record))
    assert "lost 0" in verdict(outcome(record))


def test_what_is_out_of_bounds_is_bold_and_named_with_its_bound() -> None:
    record = Record()
    record.note("memory +", 298.4, "MB", at_most=64)
    one = outcome(record)
    assert "**fails**: **memory + 298 MB**" in tables(results(one))
    assert "at most 64" in verdict(one)


def test_what_is_left_out_counts_for_nothing_and_is_said() -> None:
    skipped = outcome(Record(), skipped=FOR_ROOT)
    assert "0 of 0" in totals(results(skipped))
    assert "NOT RUN" in summary(results(skipped))
    assert "a case" in left_out(results(skipped))


def test_results_come_back_from_their_file() -> None:
    record = Record()
    record.note("heard after", 0.25, "s", at_most=5)
    made = results(outcome(record), outcome(Record(), system="y"))
    assert from_json(to_json(made)) == made
