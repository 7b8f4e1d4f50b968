"""`banyan bench`, as users type it: real processes, short runs."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from tools import CHECKOUT, Backplane, Program, eventually, free_ports, running_backplane
from tools.recorder import Recorder, receiving

BENCH = (sys.executable, "-m", "banyan", "bench")
SHORT = ("--size", "16B", "--size", "100KB", "--seconds", 0.5)
FLOOD = ("--size", "16B", "--seconds", 60)
PACED = (*FLOOD, "--rate", 500)
TRIPS = ("--size", "16B", "--count", 100, "--trips", 1_000_000, "--json")
"""A row of throughput at once, then round trips for minutes."""

PEERS = ("publisher", "subscriber", "echo", "asker")


def peers(bench: Program) -> dict[str, psutil.Process]:
    """Return the processes of a benchmark by their roles."""
    found: dict[str, psutil.Process] = {}
    for child in psutil.Process(bench.pid).children(recursive=True):
        words = child.cmdline()
        role = next((word for word in (*PEERS, "backplane") if word in words), None)
        if role is not None:
            found[role] = child
    return found


@contextmanager
def flowing(backplane: Backplane, *arguments: object) -> Iterator[Program]:
    """Run a benchmark whose messages have been seen to flow."""
    recorder = Recorder("banyan/bench/", **backplane.keywords)
    with (
        receiving(recorder),
        Program(*BENCH, *backplane.arguments, *arguments) as bench,
    ):
        recorder.wait_for(1)
        yield bench


def assert_ended(processes: dict[str, psutil.Process]) -> None:
    eventually(lambda: not any(map(runs, processes.values())), 5)


def runs(process: psutil.Process) -> bool:
    """Whether a process runs; one whose parent was killed is a zombie until init has seen it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def assert_no_traceback(bench: Program) -> None:
    assert "Traceback" not in bench.report(), bench.report()


def test_tables_in_a_pipe_are_plain_aligned_text(backplane: Backplane) -> None:
    with Program(*BENCH, *backplane.arguments, *SHORT) as bench:
        assert bench.wait(20) == 0, bench.report()
        assert bench.error_lines == []
        head = bench.wait_for_line(re.compile(r"^ *size +messages/s +MB/s +lost +lost %"))
        at = bench.lines.index(head)
        first, second = bench.lines[at + 1 : at + 3]
        assert re.fullmatch(r"  16B +[\d,]+ +[\d,.]+ +0 +0\.00 +[\d,.]+ +[\d,.]+", first)
        assert second.startswith("100KB ")
        assert len(head) == len(first) == len(second)
        bench.wait_for_line(re.compile(r"^ *size +trips +median us .* worst us$"))
        bench.wait_for_line(f"{backplane.address}, port {backplane.publisher_port} (to publish)")
        assert max(map(len, bench.lines)) <= 80
        assert "\n".join(bench.lines).isascii()
        assert "\x1b" not in "\n".join(bench.lines)


def test_json_is_one_object_a_line_and_nothing_else(backplane: Backplane) -> None:
    arguments = (*SHORT, "--subscribers", 2, "--json")
    with Program(*BENCH, *backplane.arguments, *arguments) as bench:
        assert bench.wait(20) == 0, bench.report()
        rows = [json.loads(line) for line in bench.lines]
    assert bench.error_lines == []
    assert [(row["kind"], row["payload_bytes"]) for row in rows] == [
        ("throughput", 16),
        ("throughput", 100_000),
        ("round trip", 16),
        ("round trip", 100_000),
    ]
    for row in rows:
        figures = [value for value in row.values() if isinstance(value, int | float)]
        assert all(math.isfinite(figure) and figure >= 0 for figure in figures), row
    for flow in rows[:2]:
        assert flow["subscribers"] == 2
        assert flow["delivered"] == 2 * flow["published"]
        assert flow["lost"] == 0
        assert flow["messages_per_second"] > 0
        assert flow["subscriber_cpu_us_per_message"] > 0
    for trips in rows[2:]:
        times = [trips[f"{name}_us"] for name in ("median", "p90", "p99", "p99_9", "max")]
        assert times == sorted(times)
        assert 10 < times[0] < 1e6


def test_counts_rate_and_a_backplane_of_its_own() -> None:
    arguments = ("--count", 300, "--rate", 1000, "--size", "1KB", "--trips", 7, "--json")
    with Program(*BENCH, "--local", *arguments) as bench:
        assert bench.wait(20) == 0, bench.report()
        flow, trips = [json.loads(line) for line in bench.lines]
    assert (flow["published"], flow["delivered"], flow["lost"]) == (300, 300, 0)
    assert flow["asked_per_second"] == 1000
    assert flow["published_per_second"] <= 1001
    assert flow["messages_per_second"] < 1500
    assert trips["trips"] == 7


def test_one_large_message_takes_the_time_it_takes(backplane: Backplane) -> None:
    arguments = ("--count", 1, "--size", "8MB", "--trips", 0, "--json")
    with Program(*BENCH, *backplane.arguments, *arguments) as bench:
        assert bench.wait(20) == 0, bench.report()
        (flow,) = [json.loads(line) for line in bench.lines]
    assert flow["published"] == flow["delivered"] == 1
    assert flow["megabytes_per_second"] < 20_000


def test_shared_memory_spares_the_subscriber_its_copies(backplane: Backplane) -> None:
    arguments = ("--size", "4MB", "--count", 30, "--trips", 0, "--json")
    flows = {}
    for options in ((), ("--shared",)):
        with Program(*BENCH, *backplane.arguments, *arguments, *options) as bench:
            assert bench.wait(20) == 0, bench.report()
            (flow,) = [json.loads(line) for line in bench.lines]
            flows[flow["shared"]] = flow
    assert {flow["lost"] for flow in flows.values()} == {0}
    plain, shared = (flows[way]["subscriber_cpu_us_per_message"] for way in (False, True))
    assert shared < plain / 2


def test_its_messages_are_on_topics_of_its_own(backplane: Backplane) -> None:
    arguments = ("--count", 20, "--size", "8B", "--trips", 3)
    recorder = Recorder("", **backplane.keywords)
    with (
        receiving(recorder),
        Program(*BENCH, *backplane.arguments, *arguments) as bench,
    ):
        assert bench.wait(20) == 0, bench.report()
        topics = {topic for topic, _ in recorder.wait_for(26)}
    prefixes = {topic.rpartition("/")[0] for topic in topics}
    assert len(prefixes) == 1
    assert re.fullmatch(r"banyan/bench/[0-9a-f]{12}", *prefixes)


def test_no_backplane_is_one_clear_error() -> None:
    publisher_port, subscriber_port = free_ports()
    ports = ("-p", publisher_port, "-s", subscriber_port)
    with Program(*BENCH, *ports) as found, Program(*BENCH, "-b", "127.0.0.1", *ports) as given:
        for bench in (found, given):
            assert bench.wait() == 1, bench.report()
            assert bench.lines == []
            assert_no_traceback(bench)
        found.wait_for_line("Backplane is not running", errors=True)
        given.wait_for_line(
            f"no backplane answers at 127.0.0.1: port {publisher_port} (to publish): nobody",
            errors=True,
        )
        given.wait_for_line("banyan bench --local", errors=True)


def test_exchanged_ports_are_seen(backplane: Backplane) -> None:
    ports = ("-p", backplane.subscriber_port, "-s", backplane.publisher_port)
    with Program(*BENCH, "-b", backplane.address, *ports) as bench:
        assert bench.wait() == 1
        bench.wait_for_line("Are -p and -s the right way round?", errors=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--size", "0"), "'0' is not in the range from 1 byte to 16777211 bytes"),
        (("--size", "17MB"), "'17MB' is not in the range"),
        (("--size", "big"), "'big' is no size"),
        (("--rate", "nan"), "'nan' is not a number"),
        (("--quick", "--seconds", "3"), "give one of them"),
        (("--local", "-p", "4000"), "do not go with it"),
    ],
)
def test_wrong_arguments_are_usage_errors(arguments: tuple[str, ...], said: str) -> None:
    with Program(*BENCH, *arguments) as bench:
        assert bench.wait() == 2
        bench.wait_for_line(said, errors=True)
        assert_no_traceback(bench)


@pytest.mark.parametrize("victim", ["publisher", "subscriber", "echo"])
def test_it_says_which_process_died(backplane: Backplane, victim: str) -> None:
    with flowing(backplane, *PACED) as bench:
        processes = peers(bench)
        processes[victim].kill()
        assert bench.wait(5) == 1, bench.report()
        pid = processes[victim].pid
        bench.wait_for_line(re.compile(rf"{victim}.* \(pid {pid}\) ended with"), errors=True)
        assert_ended(processes)
        assert_no_traceback(bench)


@pytest.mark.parametrize("victim", ["backplane", "asker"])
def test_round_trips_end_with_whoever_takes_part(victim: str) -> None:
    with Program(*BENCH, "--local", *TRIPS) as bench:
        bench.wait_for_line("throughput")
        processes = peers(bench)
        processes[victim].kill()
        assert bench.wait(5) == 1, bench.report()
        bench.wait_for_line(f"{victim} (pid {processes[victim].pid}) ended with", errors=True)
        assert len(bench.lines) == 1
        assert_ended(processes)
        assert_no_traceback(bench)


@pytest.mark.parametrize("arguments", [FLOOD, TRIPS])
def test_a_backplane_of_others_that_died_is_named(arguments: tuple[object, ...]) -> None:
    with running_backplane() as backplane, flowing(backplane, *arguments) as bench:
        processes = peers(bench)
        psutil.Process(backplane.program.pid).kill()
        assert bench.wait() == 1, bench.report()
        bench.wait_for_line(f"the backplane at {backplane.address}, port", errors=True)
        bench.wait_for_line(" has gone", errors=True)
        assert_ended(processes)
        assert_no_traceback(bench)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_at_once(backplane: Backplane, number: int) -> None:
    with flowing(backplane, *FLOOD) as bench:
        processes = peers(bench)
        began = time.monotonic()
        assert bench.end(number) == 0
        assert time.monotonic() - began < 2
        assert bench.error_lines == ["Stopped early."]
        assert_ended(processes)


def test_ctrl_c_prints_what_there_is_so_far(backplane: Backplane) -> None:
    arguments = TRIPS[:-1]  # as tables
    recorder = Recorder("banyan/bench/", **backplane.keywords)
    with (
        receiving(recorder),
        Program(*BENCH, *backplane.arguments, *arguments) as bench,
    ):
        eventually(lambda: recorder.got and recorder.got[-1][0].endswith("/ask"))
        assert bench.end(signal.SIGINT) == 0
        bench.wait_for_line(re.compile(r"^ 16B +[\d,]+"))
        assert bench.error_lines == ["Stopped early."]


def test_its_processes_end_when_it_is_killed(backplane: Backplane) -> None:
    with flowing(backplane, *FLOOD) as bench:
        processes = peers(bench)
        psutil.Process(bench.pid).kill()
        assert_ended(processes)


def test_messages_that_do_not_get_through_are_an_error() -> None:
    with running_backplane("--max-message-size", "10000") as backplane:
        arguments = ("--size", "1MB", "--quick")
        with Program(*BENCH, *backplane.arguments, *arguments) as bench:
            assert bench.wait(20) == 1, bench.report()
            bench.wait_for_line("Tried: messages of 1MB on banyan/bench/", errors=True)
            bench.wait_for_line("--max-message-size", errors=True)
            assert_no_traceback(bench)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_on_a_terminal_there_is_a_bar_and_a_drawn_table(backplane: Backplane) -> None:
    import pty
    import subprocess

    ours, theirs = pty.openpty()
    command = [*BENCH, *backplane.arguments, *SHORT]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "1"}
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
    ) as bench:  # fmt: skip
        os.close(theirs)
        sent = _read_all(ours)
        assert bench.wait(20) == 0, sent
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", sent)  # no colour
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", sent)
    assert "throughput, 16B" in shown
    assert "round trips, 100KB" in shown
    assert re.search(r"┃ +messages/s +┃", shown)
    assert re.search(r"│ +100KB +│", shown)
    drawn = [line.rstrip() for line in shown.splitlines() if "│" in line]
    assert max(map(len, drawn)) <= 80


def _read_all(descriptor: int) -> str:
    read = b""
    try:
        while chunk := os.read(descriptor, 65536):
            read += chunk
    except OSError:  # how Linux reports the end of a pseudo-terminal
        pass
    os.close(descriptor)
    return read.decode()
