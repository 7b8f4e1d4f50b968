"""What is really on the wire: two frames, from everybody, probes included.

javabanyan reads exactly two frames and loses step at a third.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from interop.partner import Partner
from tools import Backplane, component
from tools.peers import peer_component

from banyan.banyan_base_multi import BanyanBaseMulti
from banyan.wire import frames

HEADER = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port"


@pytest.fixture
def raw(our_backplane: Backplane) -> Iterator[zmq.Socket[bytes]]:
    """A subscriber to everything that is nothing but a socket."""
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.subscribe(b"")
        socket.connect(f"tcp://{our_backplane.address}:{our_backplane.subscriber_port}")
        with Partner(our_backplane) as ours:
            while not socket.poll(10):
                ours.publish_payload({}, "hello")
        yield socket


def _until(socket: zmq.Socket[bytes], *topics: bytes) -> list[list[bytes]]:
    """Return all messages until there was one on each topic: publishers have no common order."""
    messages: list[list[bytes]] = []
    deadline = time.monotonic() + 10
    while not set(topics) <= {message[0] for message in messages}:
        assert time.monotonic() < deadline, f"not all of {topics!r}"
        if socket.poll(100):
            messages.append(socket.recv_multipart())
    return messages


def test_every_message_has_two_frames(
    our_backplane: Backplane, raw: zmq.Socket[bytes], tmp_path: Path
) -> None:
    file = tmp_path / "one.csv"
    ports = our_backplane.subscriber_port, our_backplane.publisher_port
    file.write_text(f'{HEADER}\nBP1,127.0.0.1,{ports[0]},"[a]",{ports[1]}\n', encoding="utf-8")
    with (
        component("echo_server", our_backplane),
        peer_component("echo", our_backplane) as peer,
        Partner(our_backplane, "a", "b") as ours,
        BanyanBaseMulti(file) as multi,
    ):
        ours.meet(peer, "echo", "reply")
        multi.publish_payload({"m": 1}, "BROADCAST", "multi")
        ours.publish_payload({"big": b"x" * 1_000_000}, "echo")
        ours.publish_payload({"s": 1}, "the end")
        messages = _until(raw, b"echo", b"reply", b"multi", b"the end")
    assert {len(message) for message in messages} == {2}


def test_a_probe_is_a_valid_empty_map_on_a_reserved_topic(
    our_backplane: Backplane, raw: zmq.Socket[bytes]
) -> None:
    with Partner(our_backplane, "some") as ours:
        ours.publish_payload(1, "the end")
        probes = [m for m in _until(raw, b"the end") if m[0].startswith(b"__banyan__/")]
    assert probes
    assert all(frames.unpack(probe) == (probe[0].decode(), {}) for probe in probes)
