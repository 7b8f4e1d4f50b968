"""The `backplane` command as a user meets it: flags, banner, signals, errors and exit statuses."""

from __future__ import annotations

import signal
import socket
import sys
import time

import psutil
import pytest
import zmq
from tools import Program, eventually, free_port, free_ports, running_backplane
from tools.recorder import Recorder, receiving

from banyan.errors import BanyanError
from banyan.transport import discovery
from banyan.version import __version__


def backplane(*arguments: object) -> Program:
    return Program(sys.executable, "-m", "backplane", *arguments)


def test_banner_and_both_addresses() -> None:
    with running_backplane("-n", "BP7") as running:
        assert running.program.lines == [
            "",
            "*" * 42,
            f"BP7 Backplane IP address: {discovery.lan_address()}",
            f"Subscriber Port = {running.subscriber_port}",
            f"Publisher  Port = {running.publisher_port}",
            "*" * 42,
        ]
        for address in ("127.0.0.1", "localhost", discovery.lan_address()):
            keywords = {**running.keywords, "back_plane_ip_address": address}
            with Recorder("x", enough=1, **keywords) as component:
                component.publish_payload(1, "x")
                component.receive_loop()
        words = psutil.Process(running.program.pid).cmdline()
        assert any("backplane" in word for word in words)  # python_banyan looks for that


def test_ready_quickly() -> None:
    """In under 0.3 s: the best of several, for other work may share the machine."""
    times = []
    for _ in range(7):
        port = free_port()
        started = time.monotonic()
        with backplane("-p", port, "-s", free_port()):
            while discovery.greeting("127.0.0.1", port, 1) != discovery.ANSWERS:
                assert time.monotonic() - started < 10
                time.sleep(0.002)
            times.append(time.monotonic() - started)
    assert min(times) < 0.3, times


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_at_once_and_free_the_ports(number: int) -> None:
    ports = free_ports(2)
    for _ in range(2):  # the second time shows that the ports are free again
        with running_backplane(publisher_port=ports[0], subscriber_port=ports[1]) as running:
            with Recorder("x", enough=1, **running.keywords) as component:
                component.publish_payload(1, "x")
                component.receive_loop()
                running.program.send_signal(number)
                started = time.monotonic()
                assert running.program.wait() == 0
                assert time.monotonic() - started < 1
            assert running.program.error_lines == []


@pytest.mark.parametrize("taken", [0, 1])
def test_a_taken_port_is_one_line_and_status_1(taken: int) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ports = list(free_ports(2))
        ports[taken] = listener.getsockname()[1]
        with backplane("-p", ports[0], "-s", ports[1]) as program:
            assert program.wait() == 1
            (line,) = program.error_lines
            assert f"port {ports[taken]} is in use" in line
            assert f"pid {psutil.Process().pid}" in line
    with running_backplane() as running:
        second = backplane("-p", running.publisher_port, "-s", running.subscriber_port)
        assert second.wait() == 1
        assert f"pid {running.program.pid}" in second.error_lines[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-p", "none"], "none"),
        (["-p", "70000"], "70000"),
        (["-p", "5000", "-s", "5000"], "different ports"),
        (["--no-such-flag"], "no-such-flag"),
        (["--max-message-size", "0"], "max-message-size"),
        (["extra"], "extra"),
    ],
)
def test_wrong_arguments_are_status_2(arguments: list[str], says: str) -> None:
    with backplane(*arguments) as program:
        assert program.wait() == 2
        assert any(says in line for line in program.error_lines), program.report()


def test_addresses_it_cannot_listen_on_are_status_1() -> None:
    for address in ("203.0.113.7", "300.1.1.1", "no-such-host.invalid"):
        with backplane("-p", free_port(), "-s", free_port(), "--bind", address) as program:
            assert program.wait() == 1
            assert address in program.error_lines[0]
            assert len(program.error_lines) == 1


def test_help_and_version() -> None:
    with backplane("--help") as program:
        assert program.wait() == 0
        text = "\n".join(program.lines)
        for flag in ("-n", "-p", "-s", "-t", "--bind", "--max-message-size", "--version"):
            assert flag in text
        assert "Examples:" in text
    with backplane("--version") as program:
        assert program.wait() == 0
        assert __version__ in program.lines[0]


def test_bind_narrows() -> None:
    with running_backplane("--bind", "127.0.0.1", "-t", ".001") as running:
        port = running.publisher_port
        assert discovery.greeting("127.0.0.1", port, 1) == discovery.ANSWERS
        assert discovery.greeting(discovery.lan_address(), port, 1) == discovery.NOBODY_LISTENS
        assert "127.0.0.1" in running.program.lines[2]


def test_bind_ipv6_and_two_addresses() -> None:
    with running_backplane("--bind", "127.0.0.1", "--bind", "[::1]") as running:
        for address in ("127.0.0.1", "[::1]", "::1"):
            keywords = {**running.keywords, "back_plane_ip_address": address}
            with Recorder("x", enough=1, **keywords) as component:
                component.publish_payload(1, "x")
                component.receive_loop()


def test_oversized_frames_cut_their_sender_off_and_nobody_else() -> None:
    with (
        running_backplane("--max-message-size", "5000") as running,
        Recorder("x", **running.keywords) as component,
        Recorder(max_message_size=100_000, **running.keywords) as reckless,
    ):
        reckless.publish_payload(b"x" * 6000, "x")
        component.publish_payload(b"y" * 4000, "x")
        component.enough = 1
        component.receive_loop()
        assert component.got == [("x", b"y" * 4000)]
        with pytest.raises(BanyanError, match=r"5,?000"):
            Recorder(max_message_size=5000, **running.keywords).publish_payload(b"x" * 6000, "x")


def test_late_subscribers_change_nothing_for_publishers() -> None:
    """No subscription is forwarded: publishers cannot learn who listens to what."""
    with running_backplane() as running:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        publisher = context.socket(zmq.XPUB)
        publisher.connect(f"tcp://127.0.0.1:{running.publisher_port}")
        assert publisher.recv() == b"\x01"
        with Recorder("secret", **running.keywords):
            assert not publisher.poll(200)
        context.destroy(linger=0)


def test_large_messages_after_small_ones_reach_everybody() -> None:
    """Queues whose length follows the size of messages fall silent here: libzmq's never may."""
    with (
        running_backplane() as running,
        Recorder("", **running.keywords) as listener,
        Recorder(**running.keywords) as source,
        receiving(listener),
    ):
        for size, count in ((1, 3000), (5_000_000, 1), (100, 3000), (300_000, 20), (1, 3000)):
            before = len(listener.got)
            for _ in range(count):
                source.publish_payload(b"x" * size, "x")
            listener.wait_for(before + count, timeout=20)


def test_a_flood_of_subscriptions_is_survived() -> None:
    """18 MB of them keep libzmq's loop busy for seconds; nobody may lose patience with it."""
    with running_backplane() as running:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        greedy = context.socket(zmq.SUB)
        greedy.sndhwm = 0
        greedy.connect(f"tcp://127.0.0.1:{running.subscriber_port}")
        for number in range(20_000):
            greedy.subscribe(f"{number:05d}" + "x" * 895)
        with Recorder("x", **running.keywords) as component, receiving(component):

            def heard() -> bool:
                component.publish_payload(1, "x")
                return bool(component.got)

            eventually(heard, timeout=60)
        context.destroy(linger=0)
        assert running.program.running, running.program.report()
