"""What a backplane tells of itself: metrics page, SIGUSR1, and its end when it cannot go on."""

from __future__ import annotations

import json
import signal
import socket
import sys
import urllib.request
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tools import Program, eventually, free_port, free_ports, running_backplane
from tools.raw import Counter, Source

PREFIX = "banyan_backplane_"


def page(port: int) -> dict[tuple[str, tuple[str, ...]], float]:
    """Fetch the page; return its values by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    assert all(family.documentation for family in families)
    return {
        (sample.name.removeprefix(PREFIX), tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_page_moves_with_the_traffic() -> None:
    port = free_port()
    with (
        running_backplane("--metrics-port", port) as running,
        Counter(running) as counter,
        Source(running, counter) as source,
    ):
        source.settle()  # what proved the path has passed
        before = page(port)
        source.send(100)
        source.settle()
        after = page(port)

        def grown(name: str, *labels: str) -> float:
            return after[name, labels] - before[name, labels]

        assert grown("frames_total", "in") == grown("frames_total", "out") == 200
        assert grown("bytes_total", "in") == 100 * 101
        assert after["connections", ("publishers",)] == after["connections", ("subscribers",)] == 1
        assert after["memory_bytes", ()] > 1e6


def test_a_signal_asks_for_one_line() -> None:
    with (
        running_backplane("-n", "BP9") as running,
        Counter(running) as counter,
        Source(running, counter) as source,
    ):
        source.send(10)
        for count in (1, 2):
            running.program.send_signal(signal.SIGUSR1)
            line = running.program.wait_for_line("{", errors=True, count=count)
            said: dict[str, Any] = json.loads(line)
            assert said["backplane"] == "BP9"
            assert said["frames.in"] >= 20
            assert said["connections.publishers"] == 1


def test_a_taken_port_is_one_line_and_status_1() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        ports = free_ports(2)
        command = (sys.executable, "-m", "backplane", "-p", ports[0], "-s", ports[1])
        with Program(*command, "--metrics-port", port) as program:
            assert program.wait() == 1
            (line,) = program.error_lines
            assert f"port {port} is in use by" in line


BROKEN = """
import sys
{patch}
sys.argv = ["backplane", *sys.argv[1:]]
from backplane.daemon import main
raise SystemExit(main())
"""


@pytest.mark.parametrize(
    ("patch", "arguments", "says"),
    [
        (
            "sys.modules['prometheus_client'] = None",
            ["--metrics-port", "9464"],
            "pip install 'banyan-backplane[metrics]'",
        ),
        (
            "import zmq\ndef fail(*_): raise OSError('broken')\nzmq.proxy_steerable = fail",
            [],
            "forwarding has ended: broken",
        ),
        (
            "from backplane import door\ndef fail(*_): raise SystemExit\ndoor.Door._poll = fail",
            [],
            "nobody is at the door",
        ),
    ],
)
def test_what_cannot_go_on_says_so_with_status_1(
    patch: str, arguments: list[str], says: str
) -> None:
    ports = free_ports(2)
    program = Program(
        sys.executable, "-c", BROKEN.format(patch=patch), "-p", ports[0], "-s", ports[1], *arguments
    )
    with program:
        assert program.wait() == 1
        assert says in program.error_lines[-1], program.report()


def test_errors_at_the_door_let_nobody_in_and_end_nothing() -> None:
    """Whatever fails there fails for one question only."""
    patch = (
        "from backplane import admission as a\nplain = a.Admission.judge\nfailed = []\n"
        "def judge(*arguments):\n"
        "    if len(failed) < 3:\n        failed.append(1)\n        raise RuntimeError('oops')\n"
        "    return plain(*arguments)\n"
        "a.Admission.judge = judge"
    )
    ports = free_ports(2)
    with Program(
        sys.executable, "-c", BROKEN.format(patch=patch), "-p", ports[0], "-s", ports[1]
    ) as program:
        from tools import Backplane

        running = Backplane(*ports, program)
        with Counter(running) as counter, Source(running, counter) as source:
            source.send(10)
            assert source.settle() == 0
            eventually(lambda: any("oops" in line for line in program.error_lines))
        assert program.end() == 0
