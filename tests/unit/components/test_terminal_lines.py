"""A message as a line of a terminal."""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.console import Console

from banyan.cli.terminal import TerminalLines


def lines(width: int = 60, colour: str | None = "256") -> TerminalLines:
    console = Console(width=width, color_system=colour, force_terminal=True)  # type: ignore[arg-type]
    return TerminalLines(console)


def test_time_topic_and_payload_stand_in_columns() -> None:
    plain = lines(colour=None)
    first, second = plain.line("echo", {"n": 1}), plain.line("a much longer one", "text")
    assert re.match(r"\d\d:\d\d:\d\d\.\d{3} echo ", first)
    assert first.index("{'n': 1}") == second.index("text")


def test_it_never_is_wider_than_the_window() -> None:
    for topic, payload in [("t", "x" * 100), ("t" * 100, 1), ("t", "漢" * 100), ("漢" * 50, "")]:
        line = lines(40, None).line(topic, payload)
        assert cell_len(line) <= 40, line
        assert line.endswith("…")


def test_a_topic_keeps_its_colour() -> None:
    coloured = re.compile(r"\x1b\[[\d;]+mecho\x1b\[0m")
    found = {coloured.search(lines().line("echo", number)).group() for number in range(3)}
    assert len(found) == 1
    assert "\x1b" not in lines(colour=None).line("echo", 1)
