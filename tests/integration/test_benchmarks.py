"""`python -m benchmarks`, in small: real processes, seconds long; no figure is judged here."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import psutil
import pytest
from tools import CHECKOUT, Program, eventually

from benchmarks.processes import Deadline, MeasurementError, Process, ended_together
from benchmarks.results import Results, from_json
from benchmarks.roles import Role

BENCHMARKS = (sys.executable, "-m", "benchmarks")
PAIR = ("-s", "raw", "-s", "banyan")
FORMS = ("array", "five", "five_trips", "fan_out")


def measured(out: Path, *arguments: object) -> Results:
    """Run the command to its end and return its results."""
    with Program(*BENCHMARKS, "--quick", "--out", out, *arguments) as program:
        assert program.wait(60) == 0, program.report()
    return from_json((out / "results.json").read_text(encoding="utf-8"))


def figures(results: Results, workload: str, system: str) -> dict[str, float]:
    (one,) = (
        one for one in results.measurements if (one.workload, one.system) == (workload, system)
    )
    return one.figures


def descendants(program: Program) -> list[psutil.Process]:
    return list(psutil.Process(program.pid).children(recursive=True))


def roles(program: Program) -> list[psutil.Process]:
    return [child for child in descendants(program) if "benchmarks.role" in child.cmdline()]


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=0)
    return not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def test_flow_round_trips_and_the_pages(tmp_path: Path) -> None:
    results = measured(tmp_path, *PAIR, "-w", "small", "-w", "trips")
    assert results.omissions == []
    for system in ("raw", "banyan_base"):
        flow, trips = (figures(results, name, system) for name in ("small", "trips"))
        assert flow["per_second"] > 1000
        assert 0 < flow["cpu_us"] < 1000
        assert 0 <= flow["lost"] < 1
        assert 0 < trips["median_us"] <= trips["p99_us"]
    assert figures(results, "small", "banyan_base")["lost"] == 0
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "| small messages, 1 -> 1 |" in page
    assert "| round trips |" in page
    assert results.machine["pyzmq"]


def test_several_places_arrays_and_subscribers(tmp_path: Path) -> None:
    results = measured(tmp_path, *PAIR, *(f"--workload={name}" for name in FORMS))
    assert results.omissions == []
    for workload in set(FORMS) - {"five_trips"}:
        assert figures(results, workload, "banyan_base")["lost"] == 0
        assert figures(results, workload, "raw")["per_second"] > 10


def test_limits_of_rate_subscriptions_and_idleness(tmp_path: Path) -> None:
    results = measured(tmp_path, "-s", "banyan", "-w", "rate", "-w", "subscriptions", "-w", "idle")
    assert results.omissions == []
    assert figures(results, "rate", "banyan_base")["lossless"] >= 5_000
    assert figures(results, "subscriptions", "banyan_base")["topics"] == 3_000
    assert 0 < figures(results, "idle", "banyan_base")["start_s"] < 10


def test_the_page_can_be_rendered_again(tmp_path: Path) -> None:
    measured(tmp_path, "-s", "raw", "-w", "1kb")
    report = (sys.executable, "-m", "benchmarks.report", tmp_path / "results.json")
    with Program(*report) as program:
        assert program.wait(30) == 0, program.report()
        page = (tmp_path / "results.md").read_text(encoding="utf-8")
        assert program.lines == page.splitlines()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all_and_keeps_what_was_measured(tmp_path: Path, number: int) -> None:
    command = (*BENCHMARKS, *PAIR, "-w", "small", "-r", 100, "--out", tmp_path)
    with Program(*command) as program:
        program.wait_for_line("2/200", 30, errors=True)
        eventually(lambda: roles(program), what="roles run")
        children = descendants(program)
        assert program.end(number, timeout=20) == 1, program.report()
        eventually(lambda: gone(children), what="all processes have ended")
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["measurements"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
def test_nothing_outlives_a_killed_runner(tmp_path: Path) -> None:
    command = (*BENCHMARKS, *PAIR, "-w", "small", "-r", 100)
    with Program(*command, env={"TMPDIR": str(tmp_path)}) as program:
        program.wait_for_line("1/200", 30, errors=True)
        eventually(lambda: len(roles(program)) == 2, what="roles run")
        children = descendants(program)
        assert list(tmp_path.iterdir())
        program.end(signal.SIGKILL)
        eventually(lambda: gone(children), what="all processes have ended")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-s", "nobody"], "no system is called 'nobody'; there are 'raw', 'banyan'"),
        (["-w", "nothing"], "'nothing'"),
        (["-r", "0"], "0"),
    ],
)
def test_wrong_arguments_are_a_usage_error(arguments: list[str], words: str) -> None:
    with Program(*BENCHMARKS, *arguments) as program:
        assert program.wait() == 2
        assert words in "\n".join(program.error_lines)


def test_the_list_names_everything_there_is() -> None:
    with Program(*BENCHMARKS, "--list") as program:
        assert program.wait() == 0, program.report()
        words = [line.split()[0] for line in program.lines]
    folder = CHECKOUT / "benchmarks" / "adapters"
    assert {"small", "five_trips", "growth_payload", "raw"} <= set(words)
    files = [path for path in folder.glob("*.py") if not path.name.startswith("_")]
    assert len(program.lines) > len(files)


def test_help_teaches() -> None:
    with Program(*BENCHMARKS, "--help") as program:
        assert program.wait() == 0
        text = "\n".join(program.lines)
    for option in ("--quick", "--workload", "--system", "--rounds", "--out", "--list"):
        assert option in text
    assert "Examples:" in text


def test_a_role_that_cannot_play_says_why() -> None:
    role = Role("no_such_adapter", "publisher")
    with ended_together([role]), pytest.raises(MeasurementError, match="no_such_adapter"):
        role.hear("loaded", Deadline(20))


def test_a_role_that_says_nothing_is_not_waited_for() -> None:
    role = Role("raw", "publisher")
    with ended_together([role]), pytest.raises(MeasurementError, match=r"not within 0\.1 s"):
        role.hear("done", Deadline(0.1))


def test_a_broker_that_does_not_start_is_quoted() -> None:
    broker = Process("broker", (sys.executable, "-c", "raise SystemExit('no such option')"))
    with ended_together([broker]), pytest.raises(MeasurementError, match="no such option"):
        broker.wait_for_ports([1], Deadline(20))
