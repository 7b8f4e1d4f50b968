"""Components without an address find the backplane of this machine, whoever made either."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from interop.partner import Partner
from tools import Backplane, Program, component, eventually, free_ports
from tools.peers import peer_program

from banyan.banyan_base import BanyanBase
from banyan.transport import discovery

COMMANDS = {
    "backplane": (Path(sys.executable).parent / "backplane",),
    "python -m backplane": (sys.executable, "-m", "backplane"),
}


@pytest.fixture(scope="module", params=COMMANDS)
def started_as_users_do(request: pytest.FixtureRequest) -> Iterator[Backplane]:
    """Our backplane as the command and as the module, at its LAN address as the peer looks."""
    ports, address = free_ports(), discovery.lan_address()
    with Program(*COMMANDS[request.param], "-p", ports[0], "-s", ports[1]) as program:
        eventually(lambda: all(_answers(program, address, port) for port in ports))
        yield Backplane(*ports, program, address)


def _answers(program: Program, address: str, port: int) -> bool:
    assert program.running, program.report()
    return discovery.greeting(address, port, 1.0) == discovery.ANSWERS


def _ports(backplane: Backplane) -> tuple[int, int]:
    return backplane.publisher_port, backplane.subscriber_port


def test_its_component_finds_our_backplane(started_as_users_do: Backplane) -> None:
    with (
        peer_program("echo", "-", *_ports(started_as_users_do)) as peer,
        Partner(started_as_users_do) as ours,
    ):
        peer.wait_for_line(re.compile(f"^ready at {re.escape(discovery.lan_address())}$"))
        ours.meet(peer, "echo", "reply")
        assert ours.ask({"found": True}, "echo") == ("reply", {"found": True})


def test_our_daemon_is_called_backplane(started_as_users_do: Backplane) -> None:
    """Other programs find it so, among them the peer: by its name or in its arguments."""
    process = psutil.Process(started_as_users_do.program.pid)
    words = [process.name(), *(Path(word).name for word in process.cmdline())]
    assert "backplane" in words


def test_our_component_finds_its_backplane(its_backplane: Backplane) -> None:
    publisher_port, subscriber_port = _ports(its_backplane)
    with BanyanBase(publisher_port=publisher_port, subscriber_port=subscriber_port) as ours:
        assert ours.back_plane_ip_address == discovery.lan_address()
        assert ours._banyan_link.proven


def test_programs_of_both_meet_without_any_address(its_backplane: Backplane) -> None:
    ports = _ports(its_backplane)
    options = ("-p", ports[0], "-s", ports[1])
    with (
        Program(sys.executable, "-m", "components.echo_server", *options),
        peer_program("echo_client", "-", *ports, 20) as client,
    ):
        assert client.wait(20) == 0, client.report()
        client.wait_for_line("21 of 21 answered")


def test_the_peer_survives_our_search(its_backplane: Backplane) -> None:
    """Searching connects to its ports and goes away again, many times over."""
    ports = [str(port) for port in reversed(_ports(its_backplane))]
    for _ in range(20):
        discovery.find_local(*ports)
    with component("echo_server", its_backplane) as server:
        server.wait_for_line("Echoing")
        with Partner(its_backplane, "reply") as ours:
            assert ours.ask({"n": 1}, "echo") == ("reply", {"n": 1})
