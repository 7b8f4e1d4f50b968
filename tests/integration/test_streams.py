"""Programs whose output is closed, full or read by nobody: they serve on, or say it clearly."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from tools import Backplane, Program, component, eventually, free_ports

from banyan.banyan_base import BanyanBase
from banyan.transport import discovery

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs sh and /dev/full")


def shell(redirection: str, *command: object) -> Program:
    """Run `python -m COMMAND` with a redirection, in the very process that is returned."""
    return Program("sh", "-c", f'exec "$0" -m "$@" {redirection}', sys.executable, *command)


def answers(*ports: int) -> bool:
    return all(discovery.greeting("127.0.0.1", port, 1) == discovery.ANSWERS for port in ports)


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_a_backplane_serves_without_its_banner(redirection: str) -> None:
    ports = free_ports()
    with shell(redirection, "backplane", "-p", ports[0], "-s", ports[1]) as program:
        eventually(lambda: answers(*ports), what="the backplane answers")
        assert program.end() == 0
        assert not program.error_lines


def test_a_backplane_serves_when_the_reader_of_its_banner_has_gone(tmp_path: Path) -> None:
    ports = free_ports()
    command = 'pipe="$1"; shift; exec "$0" -m "$@" >"$pipe"'
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arguments = (sys.executable, pipe, "backplane", "-p", ports[0], "-s", ports[1])
    with Program("sh", "-c", command, *arguments) as program:
        pipe.open("rb").close()
        eventually(lambda: answers(*ports), what="the backplane answers")
        assert program.end() == 0
        assert not program.error_lines


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_an_echo_server_serves_without_its_banner(backplane: Backplane, redirection: str) -> None:
    with (
        shell(redirection, "components.echo_server", *backplane.arguments) as server,
        BanyanBase(**backplane.keywords) as asking,
    ):
        asking.set_subscriber_topic("reply")

        def replied() -> bool:
            asking.publish_payload(1, "echo")
            return bool(asking.subscriber.poll(50))

        eventually(replied)
        assert server.end() == 0
        assert not server.error_lines


@pytest.mark.parametrize(
    ("redirection", "status"), [(">&-", 0), (">/dev/full", 1), (">/dev/full 2>/dev/full", 1)]
)
def test_an_echo_client_and_a_listing_need_their_output(
    backplane: Backplane, redirection: str, status: int
) -> None:
    client = ("components.echo_client", *backplane.arguments)
    with component("echo_server", backplane) as server:
        server.wait_for_line("Echoing")
        for command in (client, ("banyan", "run"), ("backplane", "--help")):
            with shell(redirection, *command) as program:
                assert program.wait() == status, program.report()
                said = [line for line in program.error_lines if "No space left" in line]
                assert program.error_lines == said
                assert len(said) == (redirection == ">/dev/full")


def test_wrong_usage_is_status_2_even_if_it_cannot_be_said() -> None:
    with shell("2>/dev/full", "backplane", "--no-such-flag") as program:
        assert program.wait() == 2


@pytest.mark.parametrize(("redirection", "status"), [(">&-", None), (">/dev/full", 1)])
def test_a_monitor_without_output(
    backplane: Backplane, redirection: str, status: int | None
) -> None:
    with (
        shell(redirection, "components.monitor", *backplane.arguments) as monitor,
        BanyanBase(**backplane.keywords) as publisher,
    ):
        monitor.wait_for_line("Loop Time", errors=True)
        if status is None:
            time.sleep(0.3)  # nothing to wait for: it goes on
            publisher.publish_payload(1, "line")
            assert monitor.end() == 0
        else:

            def ended() -> bool:
                publisher.publish_payload(1, "line")
                return not monitor.running

            eventually(ended)
            assert monitor.wait() == status
            assert monitor.error_lines[-1] == "monitor: No space left on device"
        assert "Traceback" not in monitor.report()


def test_a_demo_whose_reader_leaves_ends_with_status_0(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = 'exec "$0" -m banyan demo --seconds 20 >"$1"'
    with Program("sh", "-c", command, sys.executable, pipe) as demo:
        with pipe.open() as reader:
            assert reader.readline().startswith("Banyan demo")
        assert demo.wait(20) == 0, demo.report()
        assert not demo.error_lines
