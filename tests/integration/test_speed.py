"""Speed does not slip away: Banyan against the idiomatic pyzmq loop, in one run, by ratios.

The margins are wide, for the machine may do something else meanwhile; what Banyan really reaches
stands in docs/performance.md.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from tools import Program

from benchmarks.results import Results, from_json


def ratio(results: Results, workload: str, figure: str) -> float:
    """Return the median over the rounds of Banyan's figure by raw's of the same round."""
    by_round = [
        {one.system: one.figures[figure] for one in results.measurements if one.round == number}
        for number in range(results.rounds)
        if workload in {one.workload for one in results.measurements}
    ]
    return statistics.median(one["banyan_base"] / one["raw"] for one in by_round)


def measured(out: Path, workload: str) -> Results:
    command = (sys.executable, "-m", "benchmarks", "-w", workload, "-s", "raw", "-s", "banyan")
    with Program(*command, "--rounds", 3, "--out", out) as program:
        assert program.wait(90) == 0, program.report()
    return from_json((out / "results.json").read_text(encoding="utf-8"))


def test_small_messages_are_delivered_much_faster_than_by_the_idiomatic_loop(
    tmp_path: Path,
) -> None:
    results = measured(tmp_path, "small")  # 2.5 .. 4.1 and 0.25 .. 0.4 measured
    assert ratio(results, "small", "per_second") > 1.5
    assert ratio(results, "small", "cpu_us") < 0.7
    assert all(
        one.figures["lost"] == 0 for one in results.measurements if one.system == "banyan_base"
    )


def test_round_trips_take_no_longer_than_the_idiomatic_loops(tmp_path: Path) -> None:
    results = measured(tmp_path, "trips")  # 0.75 .. 0.95 measured
    assert ratio(results, "trips", "median_us") < 1.3
