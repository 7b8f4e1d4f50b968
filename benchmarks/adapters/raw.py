"""The yardstick: pyzmq and msgpack as their documentation shows them, through `zmq.proxy`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import zmq

from benchmarks.adapter import Message, OnMessage, Place
from benchmarks.packing import packer, unpacker

NAME = "raw"
PORTS = 2
ABILITIES = frozenset({"arrays", "many"})


def missing() -> str | None:
    """Nothing is: Banyan itself needs both libraries."""
    return None


def broker(place: Place) -> Sequence[str]:
    """Return the command of a proxy with default options."""
    return [sys.executable, "-m", __name__, *map(str, place.ports)]


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Publish with `send_multipart`."""
    context = zmq.Context()
    sockets = [_connected(context, zmq.PUB, place.ports[0]) for place in places]
    pack = packer(places[0])
    for message in messages:
        if message is None:
            time.sleep(0.001)
            continue
        topic, payload = message
        frames = [topic.encode(), pack(payload)]
        for socket in sockets:
            socket.send_multipart(frames)
    context.destroy()


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
    **options: int,
) -> None:
    """Receive with `recv_multipart`; from several places with a `zmq.Poller`."""
    context = zmq.Context()
    publishers = [_connected(context, zmq.PUB, place.ports[0]) for place in places]
    subscribers = [_connected(context, zmq.SUB, place.ports[1], **options) for place in places]
    for subscriber in subscribers:
        for topic in topics:
            subscriber.subscribe(topic)
    pack, unpack = packer(places[0]), unpacker(places[0])
    if (first := ready()) is not None:
        for publisher in publishers:
            publisher.send_multipart([first[0].encode(), pack(first[1])])
    if len(places) == 1:
        _receive(subscribers[0], publishers[0], on_message, pack, unpack)
    else:
        answering = dict(zip(subscribers, publishers, strict=True))
        _receive_from_many(answering, on_message, pack, unpack)


def _receive(
    subscriber: zmq.Socket[bytes],
    publisher: zmq.Socket[bytes],
    on_message: OnMessage,
    pack: Callable[[Any], bytes],
    unpack: Callable[[bytes], Any],
) -> None:
    while True:
        _, body = subscriber.recv_multipart()
        answer = on_message(unpack(body))
        if answer is not None:
            publisher.send_multipart([answer[0].encode(), pack(answer[1])])


def _receive_from_many(
    answering: dict[zmq.Socket[bytes], zmq.Socket[bytes]],
    on_message: OnMessage,
    pack: Callable[[Any], bytes],
    unpack: Callable[[bytes], Any],
) -> None:
    poller = zmq.Poller()
    for subscriber in answering:
        poller.register(subscriber, zmq.POLLIN)
    while True:
        for subscriber, _ in poller.poll():
            _, body = subscriber.recv_multipart()
            answer = on_message(unpack(body))
            if answer is not None:
                answering[subscriber].send_multipart([answer[0].encode(), pack(answer[1])])


def _connected(
    context: zmq.Context[Any], kind: int, port: int, **options: int
) -> zmq.Socket[bytes]:
    socket: zmq.Socket[bytes] = context.socket(kind)
    for name, value in options.items():
        setattr(socket, name, value)
    socket.connect(f"tcp://127.0.0.1:{port}")
    return socket


def forward(publisher_port: str, subscriber_port: str, *, subscription_queue: int | None) -> None:
    """Be the broker."""
    context = zmq.Context()
    front, back = context.socket(zmq.XSUB), context.socket(zmq.XPUB)
    if subscription_queue is not None:
        front.sndhwm = back.rcvhwm = subscription_queue
    front.bind(f"tcp://127.0.0.1:{publisher_port}")
    back.bind(f"tcp://127.0.0.1:{subscriber_port}")
    zmq.proxy(front, back)


if __name__ == "__main__":
    forward(*sys.argv[1:], subscription_queue=None)
