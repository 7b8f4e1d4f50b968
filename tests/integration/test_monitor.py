"""The monitor as a real process: in a pipe, on a terminal, as JSON."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tools import CHECKOUT, Backplane, Program, component, eventually

from banyan.banyan_base import BanyanBase
from banyan.wire import codec
from components.monitor import Monitor

ODD: list[tuple[str, Any]] = [
    ("plain", {"message_number": 3}),
    ("", None),
    ("a b", [True, -(2**63), 2**64 - 1, 1.5, -0.0, float("inf"), float("nan")]),
    ("größe/漢字", "text with\na line break, \x1b[31m and ü"),
    ("bytes", b"\x00\xff"),
    ("empty", {}),
    ("keys", {b"nd": 1, "x": {"y": [[], {}, ""]}}),
    ("time", datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)),
    ("ext", codec.Ext(9, b"nine")),
]


@pytest.fixture
def publisher(backplane: Backplane) -> Iterator[BanyanBase]:
    with BanyanBase(**backplane.keywords, numpy=True) as publishing:
        yield publishing


@contextlib.contextmanager
def listening(
    backplane: Backplane, publisher: BanyanBase, *arguments: object, **options: Any
) -> Iterator[Program]:
    """Run a monitor from when it hears; what made sure of that is removed from its lines."""
    with component("monitor", backplane, *arguments, **options) as monitor:

        def hears() -> bool:
            publisher.publish_payload("ready?", "ready")
            time.sleep(0.05)
            return bool(monitor.lines)

        eventually(hears, what="the monitor hears")
        publisher.publish_payload("ready!", "ready")
        monitor.wait_for_line("ready!")
        monitor.lines.clear()
        yield monitor


def test_a_pipe_gets_exactly_what_print_prints(backplane: Backplane, publisher: BanyanBase) -> None:
    expected = io.StringIO()
    with listening(backplane, publisher) as monitor:
        for topic, payload in [*ODD, ("the", "end")]:
            publisher.publish_payload(payload, topic)
            print(topic, codec.decode(codec.encode(payload)), file=expected)
        monitor.wait_for_line("the end")
        assert "\n".join(monitor.lines) + "\n" == expected.getvalue()


def test_with_numpy_a_pipe_gets_pythons_print_of_the_array(
    backplane: Backplane, publisher: BanyanBase
) -> None:
    with listening(backplane, publisher, "-m", "True", "ready", "array") as monitor:
        publisher.publish_payload(np.arange(3), "array")
        monitor.wait_for_line("array [0 1 2]")


def test_the_banner_stays_out_of_the_pipe(backplane: Backplane, publisher: BanyanBase) -> None:
    with component("monitor", backplane, "--count", 1, "-n", "Watcher") as monitor:
        monitor.wait_for_line("Watcher using Back Plane IP address: 127.0.0.1", errors=True)

        def ended() -> bool:
            publisher.publish_payload(1, "only")
            return not monitor.running

        eventually(ended)
        assert monitor.wait() == 0
        assert monitor.lines == ["only 1"]


def test_prefixes_choose_topics(backplane: Backplane, publisher: BanyanBase) -> None:
    arguments = ("ready", "system/", "--topic", "alarm")
    with listening(backplane, publisher, *arguments) as monitor:
        for topic in ("system/cpu", "echo", "alarms", "sys", "alarm"):
            publisher.publish_payload(0, topic)
        monitor.wait_for_line("alarm 0")
        assert monitor.lines == ["system/cpu 0", "alarms 0", "alarm 0"]


def test_json_is_valid_whatever_arrives(backplane: Backplane, publisher: BanyanBase) -> None:
    picture = {"number": 1, "picture": np.zeros((480, 640, 3), np.uint8)}
    with listening(backplane, publisher, "--json") as monitor:
        for topic, payload in [*ODD, ("camera", picture), ("the", "end")]:
            publisher.publish_payload(payload, topic)
        monitor.wait_for_line('"end"')
        messages = [json.loads(line, parse_constant=pytest.fail) for line in monitor.lines]
    got = {message["topic"]: message["payload"] for message in messages}
    assert list(got) == [topic for topic, _ in ODD] + ["camera", "the"]
    assert got["a b"][-2:] == ["Infinity", "NaN"]
    assert got["bytes"] == {"base64": "AP8="}
    assert got["keys"] == {"b'nd'": 1, "x": {"y": [[], {}, ""]}}
    assert got["time"] == "2026-01-02T03:04:05.678000+00:00"
    assert got["ext"] == {"ext": 9, "base64": "bmluZQ=="}
    assert got["camera"] == {
        "number": 1,
        "picture": {"array": "uint8", "shape": [480, 640, 3], "bytes": 921_600},
    }
    assert datetime.fromisoformat(messages[0]["time"]).utcoffset() is not None


def test_arrays_are_summarised_without_numpy(
    backplane: Backplane, publisher: BanyanBase, tmp_path: Path
) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('not here')")
    options = {"env": {"PYTHONPATH": str(tmp_path)}}
    with listening(backplane, publisher, "--json", **options) as monitor:
        publisher.publish_payload(np.zeros((2, 3), ">f4"), "array")
        line = monitor.wait_for_line('"array"')
        assert json.loads(line)["payload"] == {"array": "float32", "shape": [2, 3], "bytes": 24}
    with component("monitor", backplane, "-m", "True", **options) as monitor:
        assert monitor.wait() == 1
        monitor.wait_for_line("pip install", errors=True)


def test_a_time_that_cannot_be_shown_ends_nothing(
    backplane: Backplane, publisher: BanyanBase
) -> None:
    forged = {b"nd": True, b"kind": b"", b"shape": [1], b"data": bytes(8)}
    with listening(backplane, publisher, "-m", "True") as monitor:
        for described in ("<M8[0s]", "<M8", "<m8"):
            publisher.publish_payload({**forged, b"type": described}, "forged")
        monitor.wait_for_line("undecodable message on b'forged'", errors=True, count=3)
        publisher.publish_payload("still there", "after")
        monitor.wait_for_line("after still there")


@pytest.mark.parametrize("error", [OverflowError, ValueError, RecursionError])
def test_whatever_formatting_raises_is_an_undecodable_line(
    backplane: Backplane, capsys: pytest.CaptureFixture[str], error: type[Exception]
) -> None:
    def lines(topic: str, payload: object) -> str:
        raise error("no \x1b form")

    with Monitor(lines, (), None, **backplane.keywords) as monitor:
        monitor.incoming_message_processing("größe", 1)
        assert monitor.counters.undecodable == 1
    said = capsys.readouterr().err
    assert "undecodable message on b'gr" in said
    assert f"{error.__name__}: no \\x1b form" in said


def test_a_line_is_there_as_soon_as_its_message(
    backplane: Backplane, publisher: BanyanBase
) -> None:
    with listening(backplane, publisher) as monitor:
        for number in range(20):
            publisher.publish_payload(number, "prompt")
            monitor.wait_for_line(f"prompt {number}", timeout=2)


def test_it_keeps_up_with_20000_messages_a_second(
    backplane: Backplane, publisher: BanyanBase
) -> None:
    with listening(backplane, publisher) as monitor:
        began = time.monotonic()
        for number in range(20_000):
            while number > 20_000 * (time.monotonic() - began):
                time.sleep(0.001)
            publisher.publish_payload(number, "rate")
        took = time.monotonic() - began
        monitor.wait_for_line("rate 19999", timeout=5)
        assert monitor.lines == [f"rate {number}" for number in range(20_000)]
    assert took < 5, f"published at only {20_000 / took:.0f} messages a second"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_status_0(
    backplane: Backplane, publisher: BanyanBase, number: int
) -> None:
    with listening(backplane, publisher) as monitor:
        publisher.publish_payload(1, "last")
        monitor.wait_for_line("last 1")
        assert monitor.end(number) == 0, monitor.report()
        assert "Traceback" not in monitor.report()


def test_head_ends_it_quietly(backplane: Backplane, publisher: BanyanBase) -> None:
    """As in `monitor | head -1`: the reader takes a line and leaves."""
    command = [sys.executable, "-m", "components.monitor", *map(str, backplane.arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=CHECKOUT
    ) as process:
        try:
            assert process.stdout
            assert process.stderr
            os.set_blocking(process.stdout.fileno(), False)

            def first_line() -> bytes | None:
                publisher.publish_payload(1, "line")
                time.sleep(0.02)
                return process.stdout.readline()

            eventually(first_line)
            process.stdout.close()

            def ended() -> bool:
                publisher.publish_payload(2, "line")
                return process.poll() is not None

            eventually(ended)
        finally:
            process.kill()
        said = process.stderr.read().decode()
    assert process.returncode == 0, said
    assert "Error" not in said
    assert "Traceback" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_peer_cannot_drive_the_terminal(backplane: Backplane, publisher: BanyanBase) -> None:
    shown = _on_a_terminal(
        backplane,
        publisher,
        [("e\x1b[2Jvil", "\x1b]0;title\x07 \x9b2J \u202e"), ("long", "x" * 500)],
        [("camera", np.zeros((480, 640, 3), np.uint8))],
    )
    assert "\x1b[2J" not in shown
    assert "\x1b]0" not in shown
    assert not {"\x07", "\x9b", "\u202e"} & set(shown)
    assert "e\\x1b[2Jvil" in shown
    assert "ndarray(480x640x3 uint8)" in shown
    long = next(line for line in shown.splitlines() if "xxx" in line)
    assert long.endswith("x…")
    assert "\x1b[" in long, "the topic is coloured"


def _on_a_terminal(
    backplane: Backplane, publisher: BanyanBase, *batches: list[tuple[str, Any]]
) -> str:
    """Return what a monitor shows in a terminal 70 columns wide."""
    import fcntl
    import pty
    import struct
    import termios

    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 70, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    for name in ("NO_COLOR", "COLUMNS"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "components.monitor", *map(str, backplane.arguments)]
    process = subprocess.Popen(command, stdout=its, stderr=its, cwd=CHECKOUT, env=environment)
    os.close(its)
    os.set_blocking(ours, False)
    shown = bytearray()

    def shows(text: bytes, topic: str = "") -> bool:
        if topic:
            publisher.publish_payload("?", topic)
        time.sleep(0.02)
        with contextlib.suppress(BlockingIOError):
            shown.extend(os.read(ours, 65536))
        return text in shown

    try:
        eventually(lambda: shows(b"ready", "ready"))
        for topic, payload in (message for batch in batches for message in batch):
            publisher.publish_payload(payload, topic)
        eventually(lambda: shows(b"finished", "finished"))
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return shown.decode()
