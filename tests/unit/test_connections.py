"""The list of connections, whatever order their events are read in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import zmq

from backplane.connections import PUBLISHERS, SUBSCRIBERS, Connections

FRONT: Any = SimpleNamespace(port=PUBLISHERS)
BACK: Any = SimpleNamespace(port=SUBSCRIBERS)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A TCP connection: ours, and the peer's end of it."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as peer,
        listener.accept()[0] as ours,
    ):
        yield ours, peer


def test_coming_and_going(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, peer = ends
    connections = Connections()
    connections.note(FRONT, zmq.EVENT_ACCEPTED, ours.fileno())
    (entry,) = connections
    assert entry.peer == peer.getsockname()
    assert (entry.port, connections.count(PUBLISHERS), connections.count(SUBSCRIBERS)) == (
        PUBLISHERS,
        1,
        0,
    )
    connections.note(FRONT, zmq.EVENT_HANDSHAKE_SUCCEEDED, 0)
    connections.note(FRONT, zmq.EVENT_DISCONNECTED, ours.fileno())
    assert (len(connections), entry.gone) == (0, True)
    tally = connections.tallies[PUBLISHERS]
    assert (tally.accepted, tally.joined, tally.left) == (1, 1, 1)


def test_a_descriptor_that_is_used_again_is_not_forgotten(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    """That the front end lost it may be read after that the back end has it."""
    ours, _ = ends
    connections = Connections()
    connections.note(FRONT, zmq.EVENT_ACCEPTED, ours.fileno())
    connections.note(BACK, zmq.EVENT_ACCEPTED, ours.fileno())
    connections.note(FRONT, zmq.EVENT_DISCONNECTED, ours.fileno())
    assert [entry.port for entry in connections] == [SUBSCRIBERS]
    connections.forget(FRONT)
    assert len(connections) == 1
    connections.forget(BACK)
    assert len(connections) == 0


def test_events_of_the_unknown_and_the_gone_are_harmless() -> None:
    connections = Connections()
    connections.note(FRONT, zmq.EVENT_DISCONNECTED, 9999)
    connections.note(FRONT, zmq.EVENT_ACCEPTED, 9999)
    connections.note(
        FRONT,
        zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
        zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH,
    )
    assert len(connections) == 0
    tally = connections.tallies[PUBLISHERS]
    assert (tally.refused, tally.without_key) == (1, 1)


def test_cutting_ends_only_the_one_that_was_meant(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, peer = ends
    connections = Connections()
    connections.note(BACK, zmq.EVENT_ACCEPTED, ours.fileno())
    (entry,) = connections
    other = ("127.0.0.1", 1)
    entry.peer, real = other, entry.peer
    assert not connections.cut(entry)
    entry.peer = real
    assert connections.cut(entry)
    peer.settimeout(5)
    assert peer.recv(1) == b""


def test_nobody_is_let_in_above_the_number(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, peer = ends
    connections = Connections(room=0)
    connections.note(BACK, zmq.EVENT_ACCEPTED, ours.fileno())
    assert connections.turned_away == 1
    peer.settimeout(5)
    assert peer.recv(1) == b""
