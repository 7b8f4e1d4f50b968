"""Sending that a signal handler interrupts: its message goes after, never into, the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from banyan.transport import sender as sender_module
from banyan.transport import sockets
from banyan.transport.sender import Sender


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield made
    made.destroy(linger=0)


def test_an_interjected_message_follows_the_one_it_interrupted(
    context: zmq.Context[zmq.Socket[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = context.socket(zmq.XPUB)
    publisher.bind("inproc://pair")
    subscriber = sockets.open_subscriber(context)
    subscriber.connect("inproc://pair")
    subscriber.subscribe("")
    assert publisher.recv() == b"\x01"
    sender = Sender(publisher)
    real = sender_module._send_frame
    handled = False

    def interrupted(*arguments: object) -> None:
        nonlocal handled
        real(*arguments)
        if not handled:  # as a signal handler runs between two frames
            handled = True
            assert sender.send(b"handler", b"\x02")

    monkeypatch.setattr(sender_module, "_send_frame", interrupted)
    assert sender.send(b"main", b"\x01")
    assert subscriber.recv_multipart() == [b"main", b"\x01"]
    assert subscriber.recv_multipart() == [b"handler", b"\x02"]
    subscriber.close()
    publisher.close()
