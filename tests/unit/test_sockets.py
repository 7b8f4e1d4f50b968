"""Sockets without a network: put-back messages, hidden probes, lengths of queues."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from banyan.transport import sockets
from banyan.transport.bell import Bell
from banyan.transport.subscriber import SubscriberSocket
from banyan.wire import stamp

PROBE = [b"__banyan__/probe/1", b"\x80"]


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield made
    made.destroy(linger=0)


@pytest.fixture
def pair(
    context: zmq.Context[zmq.Socket[bytes]],
) -> tuple[zmq.Socket[bytes], SubscriberSocket]:
    """A publisher and a subscriber to everything, known to each other."""
    publisher = context.socket(zmq.XPUB)
    publisher.bind("inproc://pair")
    subscriber = sockets.open_subscriber(context)
    subscriber.connect("inproc://pair")
    subscriber.subscribe("")
    assert publisher.recv() == b"\x01"
    return publisher, subscriber


def test_held_messages_come_first_and_in_order(
    pair: tuple[zmq.Socket[bytes], SubscriberSocket],
) -> None:
    publisher, subscriber = pair
    publisher.send_multipart([b"new", b"3"])
    subscriber.hold([[b"old", b"1"], [b"old", b"2"]])
    assert subscriber.held
    assert subscriber.poll(0) == zmq.POLLIN
    assert [subscriber.recv_multipart() for _ in range(3)] == [
        [b"old", b"1"],
        [b"old", b"2"],
        [b"new", b"3"],
    ]
    with pytest.raises(zmq.Again):
        subscriber.recv_multipart(zmq.NOBLOCK)


def test_frame_by_frame_reading(pair: tuple[zmq.Socket[bytes], SubscriberSocket]) -> None:
    publisher, subscriber = pair
    publisher.send_multipart(PROBE)
    publisher.send_multipart([b"new", b"1", b"2"])
    subscriber.hold([[b"old", b"0"]])
    frames = []
    for _ in range(5):
        frames.append((subscriber.recv(), subscriber.getsockopt(zmq.RCVMORE)))
    assert frames == [(b"old", 1), (b"0", 0), (b"new", 1), (b"1", 1), (b"2", 0)]
    publisher.send_multipart([b"a", b"b", b"c"])
    assert subscriber.recv() == b"a"
    assert subscriber.recv_multipart() == [b"b", b"c"]


def test_probes_are_hidden_and_frames_on_request(
    pair: tuple[zmq.Socket[bytes], SubscriberSocket],
) -> None:
    publisher, subscriber = pair
    publisher.send_multipart(PROBE)
    assert subscriber.poll(20) == 0
    for message in (PROBE, PROBE, [b"x", b"1"], PROBE):
        publisher.send_multipart(message)
    assert subscriber.poll(5000) == zmq.POLLIN
    frames = subscriber.recv_multipart(copy=False)
    assert [frame.bytes for frame in frames] == [b"x", b"1"]
    with pytest.raises(zmq.Again):
        subscriber.recv_multipart(zmq.NOBLOCK)


def test_only_the_first_three_frames_are_kept(
    pair: tuple[zmq.Socket[bytes], SubscriberSocket],
) -> None:
    publisher, subscriber = pair
    publisher.send_multipart([b"x", *[b"%d" % number for number in range(1000)]])
    publisher.send_multipart([b"next", b"1"])
    assert subscriber.next_message() == [b"x", b"0", b"1"]
    assert subscriber.next_message() == [b"next", b"1"]


def test_waiting_ends_with_a_message_or_in_time(
    pair: tuple[zmq.Socket[bytes], SubscriberSocket],
) -> None:
    publisher, subscriber = pair
    subscriber.wait_at_most(5)
    with pytest.raises(zmq.Again):
        subscriber.next_message(0)
    publisher.send_multipart([b"x", b"1"])
    subscriber.wait_at_most(5000)
    assert subscriber.next_message(0) == [b"x", b"1"]
    subscriber.wait_at_most(-1)
    assert subscriber.rcvtimeo == -1


def test_a_bell_wakes_and_is_not_seen(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    bell = Bell(context)
    subscriber = sockets.open_subscriber(context)
    bell.reach(subscriber)
    assert not subscriber.readable(0)
    bell.ring()
    assert subscriber.readable(5000)
    assert not subscriber.poll(0)
    with pytest.raises(zmq.Again):
        subscriber.recv_multipart(zmq.NOBLOCK)
    bell.close()
    bell.ring()
    subscriber.close()


def test_a_stamp_left_over_is_no_event_and_not_shown(
    pair: tuple[zmq.Socket[bytes], SubscriberSocket],
) -> None:
    publisher, subscriber = pair
    lone, message = [stamp.pack(b"publishr", 1, 2)], [b"x", b"1", stamp.pack(b"publishr", 2, 2)]
    publisher.send_multipart(lone)
    assert subscriber.poll(20) == 0
    publisher.send_multipart(message)
    assert subscriber.poll(5000) == zmq.POLLIN
    assert list(subscriber.held) == [lone, message]
    assert subscriber.recv_multipart() == [b"x", b"1"]
    assert subscriber.poll(0) == 0


def test_a_stamp_behind_many_frames_is_kept(
    pair: tuple[zmq.Socket[bytes], SubscriberSocket],
) -> None:
    publisher, subscriber = pair
    mark = stamp.pack(b"publishr", 1, 2)
    publisher.send_multipart([b"x", b"1", b"1", b"1", mark])
    publisher.send_multipart([b"x", b"1", mark, b"2"])
    assert subscriber.next_message(0) == [b"x", b"1", mark]
    assert subscriber.next_message(0) == [b"x", b"1", mark]
