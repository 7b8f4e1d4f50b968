"""`banyan demo` and `banyan run`, as users type them."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest
from tools import Backplane, Program, component, eventually

from banyan.cli.demo_words import words

BANYAN = (sys.executable, "-m", "banyan")
PROGRAMS = ("backplane", "monitor", "system_probe", "echo_server", "echo_client")


def pids(demo: Program) -> dict[str, int]:
    """Return the processes the demo has named so far."""
    found = (re.match(r"  (\w+) +pid (\d+)", line) for line in list(demo.lines))
    return {match[1]: int(match[2]) for match in found if match}


def all_gone(demo: Program) -> bool:
    return not any(psutil.pid_exists(pid) for pid in pids(demo).values())


def test_it_shows_real_values_and_leaves_nothing_behind(tmp_path: Path) -> None:
    picture = tmp_path / "docs" / "demo.svg"
    with Program(*BANYAN, "demo", "--seconds", 1, "--picture", picture, cwd=tmp_path) as demo:
        assert demo.wait(40) == 0, demo.report()
        assert tuple(sorted(pids(demo))) == tuple(sorted(PROGRAMS))
        assert all_gone(demo)
        text = "\n".join(demo.lines)
        assert re.search(r"system_probe +system/cpu +\d+ % of \d+ cores", text)
        assert re.search(r"system_probe +system/memory +[\d.]+ .B of [\d.]+ .B in use", text)
        for number in range(10, -1, -1):
            demo.wait_for_line(re.compile(f'echo_client +echo .*"message_number": {number}}}'))
            demo.wait_for_line(re.compile(f'echo_server +reply .*"message_number": {number}}}'))
        assert "echo_client says: sent 11, received 11" in text
        for typed in ("backplane", "monitor", "banyan run echo_client"):
            assert f"\n  {typed}\n" in text
        assert max(map(len, demo.lines)) <= 100
        assert not demo.error_lines
    drawn = ElementTree.parse(picture).getroot()
    assert "message_number" in "".join(drawn.itertext())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["backplane", "echo_server", "echo_client", "message_number"])
def test_a_signal_ends_it_at_any_moment(number: int, moment: str) -> None:
    with Program(*BANYAN, "demo", "--seconds", 30) as demo:
        demo.wait_for_line(moment)
        began = time.monotonic()
        assert demo.end(number, timeout=10) == 0, demo.report()
        assert time.monotonic() - began < 5
        assert all_gone(demo)
        demo.wait_for_line("Stopped early.")
        assert not demo.error_lines


@pytest.mark.parametrize("victim", ["backplane", "echo_server", "monitor"])
def test_it_says_why_a_program_died(victim: str) -> None:
    with Program(*BANYAN, "demo", "--seconds", 30) as demo:
        demo.wait_for_line("message_number")
        psutil.Process(pids(demo)[victim]).kill()
        assert demo.wait() == 1
        demo.wait_for_line(f"{victim} (pid {pids(demo)[victim]}) ended", errors=True)
        assert all_gone(demo)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process")
def test_a_program_that_does_not_obey_is_killed() -> None:
    with Program(*BANYAN, "demo", "--seconds", 30) as demo:
        demo.wait_for_line("message_number")
        psutil.Process(pids(demo)["system_probe"]).suspend()  # SIGTERM is not seen while stopped
        assert demo.end(signal.SIGINT, timeout=10) == 0
        assert all_gone(demo)


def test_run_lists_all_programs_with_what_they_do() -> None:
    with Program(*BANYAN, "run") as listing:
        assert listing.wait() == 0
        for name in PROGRAMS:
            assert re.fullmatch(r"  \w+ +\S.{15,}", listing.wait_for_line(f"  {name} ")), name


def test_run_passes_arguments_and_status_on(backplane: Backplane) -> None:
    arguments = (*backplane.arguments, "-m", 3, "--timeout", 0.2)
    with Program(*BANYAN, "run", "echo_client", *arguments) as client:
        assert client.wait() == 1
        client.wait_for_line("no answer within 0.2 s to number 3")
    with Program(*BANYAN, "run", "echo-client", "--help") as helping:
        assert helping.wait() == 0
        helping.wait_for_line("Usage: echo_client")


def test_run_names_the_likely_program() -> None:
    with Program(*BANYAN, "run", "echo_sever") as mistake:
        assert mistake.wait() == 2
        mistake.wait_for_line("Did you mean echo_server?", errors=True)
        mistake.wait_for_line("  system_probe ", errors=True)


def test_a_program_of_another_package_joins_by_one_line(tmp_path: Path) -> None:
    (tmp_path / "greeter.py").write_text('"""Greets."""\ndef main():\n    print("hello")\n')
    (tmp_path / "broken.py").write_text("import nothing_like_it\n")
    metadata = tmp_path / "greeter-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: greeter\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(
        "[banyan_components]\ngreeter = greeter:main\nbroken = broken:main\n"
    )
    environment = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    with Program(*BANYAN, "run", "greeter", env=environment) as greeter:
        assert greeter.wait() == 0, greeter.report()
        assert greeter.lines == ["hello"]
    with Program(*BANYAN, "run", env=environment) as listing:
        assert listing.wait() == 0
        listing.wait_for_line(re.compile("greeter +Greets."))
        listing.wait_for_line(re.compile("broken .*nothing_like_it"))
        listing.wait_for_line("  echo_server ")
    with Program(*BANYAN, "run", "broken", env=environment) as broken:
        assert broken.wait() == 1
        broken.wait_for_line("nothing_like_it", errors=True)


@pytest.mark.parametrize("name", ["echo_client", "monitor", "system_probe"])
def test_help_teaches_by_example(name: str) -> None:
    with Program(sys.executable, "-m", f"components.{name}", "--help") as helping:
        assert helping.wait() == 0
        helping.wait_for_line(re.compile("Examples?"))
        for option in ("-b,", "-n,", "-p,", "-s,", "-t,"):
            helping.wait_for_line(option)


def test_json_of_the_probe_has_the_names_the_demo_shows(backplane: Backplane) -> None:
    """The demo's words are made of these keys; without them it would fall back to raw JSON."""
    with (
        component("monitor", backplane, "--json", "system/") as monitor,
        component("system_probe", backplane, "--rate", 10),
    ):
        monitor.wait_for_line("system/network", count=2)
        eventually(lambda: len(monitor.lines) > 7)
        messages = [json.loads(line) for line in list(monitor.lines)]
    for message in messages:
        assert "{" not in words(message["topic"], message["payload"])


def test_a_picture_that_cannot_be_saved_is_said_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "demo.svg", Path(os.devnull)):
        with Program(*BANYAN, "demo", "--seconds", 30, "--picture", place) as demo:
            assert demo.wait(10) == 1
            assert not demo.lines
            (line,) = demo.error_lines
            assert str(place) in line
