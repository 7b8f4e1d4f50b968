"""Sending that a signal handler interrupts: messages stay whole, whatever it does."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest
import zmq

from banyan.limits import PUBLISHER_QUEUE
from banyan.sequences import Stamper
from banyan.transport import sender as sender_module
from banyan.transport import sockets
from banyan.transport.sender import Sender
from banyan.wire.stamp import split


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield made
    made.destroy(linger=0)


class Wire:
    """A sender whose frames go to a subscriber, and what happens around each frame."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        publisher = context.socket(zmq.XPUB)
        publisher.bind("inproc://pair")
        self.subscriber = sockets.open_subscriber(context)
        self.subscriber.connect("inproc://pair")
        self.subscriber.subscribe("")
        assert publisher.recv() == b"\x01"
        self.sender = Sender(publisher)
        self.calls = 0
        self._real = sender_module._send_frame
        monkeypatch.setattr(sender_module, "_send_frame", self._send_frame)

    def around(self, call: int, before: bool) -> None:
        """Run a signal handler, in tests that have one."""

    def _send_frame(self, *arguments: object) -> None:
        self.calls += 1
        call = self.calls
        self.around(call, True)
        self._real(*arguments)
        self.around(call, False)

    def received(self) -> list[list[bytes]]:
        messages = []
        with contextlib.suppress(zmq.Again):
            while True:
                messages.append(self.subscriber.recv_multipart(zmq.NOBLOCK))
        return messages

    def raw(self) -> list[list[bytes]]:
        """Return messages with their stamps, which the socket keeps from programs."""
        messages = []
        with contextlib.suppress(zmq.Again):
            while True:
                messages.append(self.subscriber.next_message())
        return messages


@pytest.fixture
def wire(context: zmq.Context[zmq.Socket[bytes]], monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(context, monkeypatch)


def test_an_interjected_message_follows_the_one_it_interrupted(wire: Wire) -> None:
    def publishes(call: int, before: bool) -> None:
        if call == 1 and not before:  # as a signal handler runs between two frames
            assert wire.sender.send(b"handler", b"\x02")

    wire.around = publishes  # type: ignore[method-assign]
    assert wire.sender.send(b"main", b"\x01")
    assert wire.received() == [[b"main", b"\x01"], [b"handler", b"\x02"]]


def test_an_interjected_message_does_not_break_a_probe(wire: Wire) -> None:
    def publishes(call: int, before: bool) -> None:
        if call == 1 and not before:
            assert wire.sender.send(b"handler", b"\x02")

    wire.around = publishes  # type: ignore[method-assign]
    wire.sender.try_send(b"probe", b"\x80")
    assert wire.received() == [[b"probe", b"\x80"], [b"handler", b"\x02"]]


def test_handlers_that_publish_at_every_frame_do_not_pile_up(wire: Wire) -> None:
    def publishes(call: int, before: bool) -> None:
        if before and call <= 1500:
            wire.sender.send(b"handler", b"%d" % call)

    wire.around = publishes  # type: ignore[method-assign]
    assert wire.sender.send(b"main", b"\x01")
    received = wire.received()
    assert received[0] == [b"main", b"\x01"]
    assert [int(body) for _, body in received[1:]] == [*range(1, 1501)]


def test_what_handlers_publish_meanwhile_is_bounded(wire: Wire) -> None:
    taken = []

    def publishes(call: int, before: bool) -> None:
        if call == 1 and before:
            taken.extend(wire.sender.send(b"h", b"\x01") for _ in range(PUBLISHER_QUEUE + 5))

    wire.around = publishes  # type: ignore[method-assign]
    wire.sender.send(b"main", b"\x01")
    assert (taken.count(True), taken.count(False)) == (PUBLISHER_QUEUE, 5)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("frame", [1, 2])
def test_an_exception_of_a_signal_handler_leaves_whole_messages_and_no_lock(
    wire: Wire, frame: int, before: bool
) -> None:
    """Wherever it comes: pyzmq looks for signals before and after it sends a frame."""

    def ctrl_c(call: int, is_before: bool) -> None:
        if (call, is_before) == (frame, before):
            raise KeyboardInterrupt

    wire.around = ctrl_c  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        wire.sender.send(b"main", b"\x01")
    other = threading.Thread(target=wire.sender.send, args=(b"other", b"\x02"))
    other.start()
    other.join(5)
    assert not other.is_alive()
    received = wire.received()
    assert received[-1] == [b"other", b"\x02"]
    assert [message for message in received[:-1] if len(message) == 2] in (
        [],
        [[b"main", b"\x01"]],
    )
    assert [message for message in received[:-1] if len(message) != 2] in ([], [[b"\x01"]])


def _stamped(wire: Wire) -> None:
    wire.sender.stamper = Stamper()


def _numbers(messages: list[list[bytes]]) -> list[tuple[bytes, int]]:
    """Return topic and sequence number of messages that are whole and stamped."""
    return [
        (message[0], fields[1])
        for message in messages
        if len(message) > 2 and (fields := split(message[-1])) and len(set(message[1:-1])) == 1
    ]


def test_a_stamp_is_the_third_frame_and_probes_have_none(wire: Wire) -> None:
    _stamped(wire)
    for topic in (b"a", b"b", b"a"):
        assert wire.sender.send(topic, b"\x01")
    wire.sender.try_send(b"probe", b"\x80")
    *messages, probe = wire.raw()
    assert _numbers(messages) == [(b"a", 1), (b"b", 1), (b"a", 2)]
    assert probe == [b"probe", b"\x80"]


def test_a_stamped_message_that_is_interjected_is_numbered_as_it_is_sent(wire: Wire) -> None:
    _stamped(wire)

    def publishes(call: int, before: bool) -> None:
        if (call, before) in ((1, True), (2, False), (3, True)):
            assert wire.sender.send(b"t", b"\x02")

    wire.around = publishes  # type: ignore[method-assign]
    assert wire.sender.send(b"t", b"\x01")
    assert _numbers(wire.raw()) == [(b"t", number) for number in (1, 2, 3, 4)]


def test_stamped_messages_that_are_given_up_use_up_numbers(wire: Wire) -> None:
    _stamped(wire)
    taken = []

    def publishes(call: int, before: bool) -> None:
        if call == 1 and before:
            taken.extend(wire.sender.send(b"t", b"\x01") for _ in range(PUBLISHER_QUEUE + 5))

    wire.around = publishes  # type: ignore[method-assign]
    wire.sender.send(b"t", b"\x01")
    wire.sender.send(b"t", b"\x01")
    assert taken.count(False) == 5
    assert _numbers(wire.raw())[-1] == (b"t", PUBLISHER_QUEUE + 7)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("frame", [1, 2, 3])
def test_an_exception_of_a_signal_handler_leaves_stamped_messages_whole(
    wire: Wire, frame: int, before: bool
) -> None:
    _stamped(wire)

    def ctrl_c(call: int, is_before: bool) -> None:
        if (call, is_before) == (frame, before):
            raise KeyboardInterrupt

    wire.around = ctrl_c  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        wire.sender.send(b"main", b"\x01")
    assert wire.sender.send(b"main", b"\x02")
    received = wire.raw()
    nothing_sent = (frame, before) == (1, True)
    assert _numbers(received) == [(b"main", n) for n in ([2] if nothing_sent else [1, 2])]
    odd = [message for message in received if message[0] != b"main"]
    assert [len(message) for message in odd] in ([], [1], [2])
