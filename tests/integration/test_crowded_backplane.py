"""More connections than there may be: they are turned away, and those inside notice nothing."""

from __future__ import annotations

import socket
import sys
import time

import psutil
import pytest
from tools import Backplane, Program, eventually, free_port, running_backplane
from tools.raw import Counter, Source
from tools.recorder import Recorder

from banyan.transport import discovery

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="limits are set by prlimit")


def crowd(port: int, count: int) -> list[socket.socket]:
    """Connect and say nothing, all at once."""
    found = []
    for _ in range(count):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", port))
        found.append(connection)
    return found


def limited(descriptors: int) -> Backplane:
    """Start a backplane that may open only so many descriptors."""
    ports = free_port(), free_port()
    command = (sys.executable, "-m", "backplane", "-p", ports[0], "-s", ports[1])
    program = Program("sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *command)
    for port in ports:
        eventually(lambda port=port: discovery.greeting("127.0.0.1", port, 1) == discovery.ANSWERS)
    return Backplane(*ports, program)


@LINUX_ONLY
@pytest.mark.parametrize("count", [200, 450])
def test_no_descriptors_left(count: int) -> None:
    running = limited(128)
    with (
        running.program,
        Counter(running) as healthy,
        Source(running, healthy) as source,
    ):
        process = psutil.Process(running.program.pid)
        silent = crowd(running.publisher_port, count // 2)
        silent += crowd(running.subscriber_port, count // 2)
        running.program.wait_for_line("turned away", errors=True)
        before, started = process.cpu_times(), time.monotonic()
        while time.monotonic() - started < 1:
            source.send()
            time.sleep(0.02)  # so that next to nothing of it is for messages
        used = sum(process.cpu_times()[:2]) - sum(before[:2])
        assert used / (time.monotonic() - started) < 0.4
        assert process.num_fds() < 128
        assert source.settle() == 0
        for connection in silent:
            connection.close()
        with Recorder("x", enough=1, **running.keywords) as newcomer:
            newcomer.publish_payload(1, "x")
            newcomer.receive_loop()
        assert running.program.end() == 0


def test_the_most_that_the_option_allows() -> None:
    with (
        running_backplane("--max-connections", "4") as running,
        Counter(running) as healthy,
        Source(running, healthy) as source,
    ):
        silent = crowd(running.publisher_port, 20)
        line = running.program.wait_for_line("turned away", errors=True)
        assert "4 connections are open" in line
        source.send(1000)
        assert source.settle() == 0
        for connection in silent:
            connection.close()
        with Recorder("x", enough=1, **running.keywords) as newcomer:
            newcomer.publish_payload(1, "x")
            newcomer.receive_loop()
