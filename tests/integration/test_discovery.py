"""Finding a local backplane: known by what it answers, not by a name in the process list."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import zmq
from tools import Program, free_ports, running_backplane

from banyan.banyan_base import BanyanBase
from banyan.errors import BackplaneNotRunningError
from banyan.transport import discovery
from banyan.transport.discovery import ANSWERS, NO_ZEROMQ, NOBODY_LISTENS, NOT_ASKED, UNKNOWN_HOST


@contextmanager
def listener(reply: bytes) -> Iterator[int]:
    """A TCP server that is no backplane: says `reply` to everyone and nothing more."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def serve() -> None:
            with ExitStack() as connections:
                while True:
                    try:
                        connection, _ = server.accept()
                    except OSError:
                        return
                    connections.enter_context(connection).sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def test_a_local_backplane_is_found_on_loopback() -> None:
    with running_backplane() as running:
        component = BanyanBase(
            publisher_port=running.publisher_port, subscriber_port=running.subscriber_port
        )
        assert component.back_plane_ip_address == "127.0.0.1"
        assert component.backplane_exists is True
        component.clean_up()


def test_one_that_listens_on_the_lan_address_alone_is_found_too() -> None:
    """As python_banyan's daemon does."""
    lan = discovery.lan_address()
    publisher_port, subscriber_port = free_ports(2)
    command = ("-m", "backplane", "-p", publisher_port, "-s", subscriber_port, "--bind", lan)
    with Program(sys.executable, *command) as program:
        program.wait_for_line("Publisher")
        assert discovery.find_local(subscriber_port, publisher_port) == lan


def test_several_are_told_apart() -> None:
    with running_backplane() as first, running_backplane() as second:
        for running in (first, second):
            found = discovery.find_local(running.subscriber_port, running.publisher_port)
            assert found == "127.0.0.1"
        ports = free_ports(2)
        with pytest.raises(BackplaneNotRunningError) as error:
            BanyanBase(publisher_port=ports[0], subscriber_port=ports[1])
    for running in (first, second):
        pair = sorted((running.publisher_port, running.subscriber_port))
        assert f"pid {running.program.pid}) listens on ports {pair[0]} and {pair[1]}" in str(
            error.value
        )


def test_an_editor_with_backplane_in_its_arguments_is_none() -> None:
    code = "import time; print('ready', flush=True); time.sleep(60)"
    with Program(sys.executable, "-c", code, "/home/me/backplane/backplane.py") as editor:
        editor.wait_for_line("ready")
        ports = free_ports(2)
        with pytest.raises(RuntimeError, match="not running") as error:
            BanyanBase(publisher_port=ports[0], subscriber_port=ports[1])
        assert f"pid {editor.pid}" not in str(error.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no zombies")
def test_a_zombie_called_backplane_does_no_harm(tmp_path: Path) -> None:
    script = tmp_path / "backplane"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    zombie = subprocess.Popen([script])
    state = Path(f"/proc/{zombie.pid}/stat")
    deadline = time.monotonic() + 5
    while state.exists() and " Z " not in state.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    ports = free_ports(2)
    with pytest.raises(RuntimeError, match="not running"):
        BanyanBase(publisher_port=ports[0], subscriber_port=ports[1])
    zombie.wait()


def test_a_web_server_on_the_port_is_none() -> None:
    with listener(b"HTTP/1.0 400 Bad Request\r\n\r\n") as port:
        assert discovery.greeting("127.0.0.1", port, 1) == NO_ZEROMQ
        with pytest.raises(RuntimeError, match=NO_ZEROMQ):
            discovery.find_local(free_ports(1)[0], port)


def test_a_port_that_stays_silent_is_none() -> None:
    with listener(b"") as port:
        started = time.monotonic()
        assert discovery.greeting("127.0.0.1", port, 0.2) == NO_ZEROMQ
        assert time.monotonic() - started < 3


def test_greeting_in_words() -> None:
    (port,) = free_ports(1)
    assert discovery.greeting("127.0.0.1", port, 1) == NOBODY_LISTENS
    assert discovery.greeting("127.0.0.1", None, 1) == NOT_ASKED
    assert discovery.greeting("no-such-host.invalid", port, 1) == UNKNOWN_HOST


def test_probe_goes_through_a_backplane_and_says_how_long_it_took() -> None:
    with running_backplane() as running:
        answer = discovery.probe_backplane(
            "127.0.0.1", running.subscriber_port, running.publisher_port, 2
        )
        assert answer.ok
        assert answer.round_trip_s is not None
        assert 0 < answer.round_trip_s < 1
        half = discovery.probe_backplane("127.0.0.1", running.subscriber_port, None, 2)
        assert half == discovery.Answer(ANSWERS, NOT_ASKED, None)
        assert half.ok


def test_two_zeromq_sockets_that_are_no_backplane_do_not_pass() -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    sockets = context.socket(zmq.XSUB), context.socket(zmq.XPUB)
    ports = [socket.bind_to_random_port("tcp://127.0.0.1") for socket in sockets]
    answer = discovery.probe_backplane("127.0.0.1", ports[1], ports[0], 0.5)
    assert (answer.subscriber, answer.publisher) == (ANSWERS, ANSWERS)
    assert not answer.ok
    context.destroy(linger=0)


def test_many_are_asked_at_once_and_none_may_hold_up_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when a name server does not answer: getaddrinfo knows no timeout."""
    never = threading.Event()
    real = discovery.greeting

    def greeting(address: str, port: str | int | None, timeout: float) -> str:
        if address == "slow":
            never.wait(30)
        return real(address, port, timeout)

    monkeypatch.setattr(discovery, "greeting", greeting)
    with running_backplane() as running:
        ends = [("slow", 1), ("127.0.0.1", running.publisher_port), ("slow", 2)]
        started = time.monotonic()
        found = discovery.greetings(ends, 1.0)
        assert time.monotonic() - started < 5
    never.set()
    assert found == [discovery.UNREACHABLE, ANSWERS, discovery.UNREACHABLE]
