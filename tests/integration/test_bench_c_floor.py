"""The floor of the benchmarks, a C program: it sends and reads what the Python adapters do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgpack
import pytest
import zmq
from tools.ports import free_ports

from benchmarks.adapters import c_libzmq
from benchmarks.processes import Deadline, ended_together
from benchmarks.roles import Role

pytestmark = pytest.mark.skipif(
    c_libzmq.missing() is not None, reason=c_libzmq.missing() or "nothing is missing"
)

PATIENCE_MS = 10_000
TOPICS = ["one", "two"]
NUMBERS = range(100, 100_000, 13_321)
"""On both sides of each length of MessagePack's integers, as `first` of short bursts."""


@pytest.fixture
def ports() -> tuple[int, ...]:
    return free_ports()


@pytest.fixture
def sockets(ports: tuple[int, ...]) -> Iterator[tuple[zmq.Socket, zmq.Socket]]:
    """What stands in for the broker: a SUB where it would take messages, a PUB where it sends."""
    with (
        zmq.Context() as context,
        context.socket(zmq.SUB) as front,
        context.socket(zmq.PUB) as back,
    ):
        front.rcvtimeo, back.linger = PATIENCE_MS, 0
        front.rcvhwm = 0
        front.bind(f"tcp://127.0.0.1:{ports[0]}")
        front.subscribe("")
        back.bind(f"tcp://127.0.0.1:{ports[1]}")
        yield front, back


@contextmanager
def role(name: str, ports: tuple[int, ...], **start: object) -> Iterator[tuple[Role, Deadline]]:
    deadline = Deadline(30)
    one = Role("c_libzmq", name, c_libzmq.program(name))
    with ended_together([one]):
        one.hear("loaded", deadline)
        one.tell("start", places=[{"ports": ports, "folder": "", "arrays": False}], **start)
        one.hear("ready", deadline)
        yield one, deadline


@pytest.mark.parametrize("size", [0, 10, 255, 256, 65_535, 65_536, 1_000_000])
def test_what_it_publishes_is_what_python_would(ports, sockets, size):
    front, _ = sockets
    with role("publisher", ports, topics=[], number=7) as (publisher, deadline):
        publisher.tell("mark", topic="one")
        assert msgpack.unpackb(front.recv_multipart()[1])["by"] == 7
        publisher.tell("last", topic="one")
        last = [b"one", msgpack.packb({"marker": "last", "by": 7})]
        while front.recv_multipart() != last:
            pass
        for first in NUMBERS:
            publisher.tell("burst", topics=TOPICS, first=first, count=4, size=size, array=[])
            data = {"data": bytes(size)} if size else {}
            for number in range(first, first + 4):
                topic = TOPICS[(number - first) % 2].encode()
                assert front.recv_multipart() == [topic, msgpack.packb({"msg": number} | data)]
            assert publisher.hear("sent", deadline)["ended"] > 0
        publisher.tell("end")
        publisher.hear("done", deadline)


def test_it_keeps_to_a_rate(ports, sockets):
    with role("publisher", ports, topics=[], number=0) as (publisher, deadline):
        publisher.tell("burst", topics=TOPICS, first=0, count=2000, size=0, rate=10_000)
        sent = publisher.hear("sent", deadline)
        assert sent["ended"] - sent["begun"] > 0.19


def test_it_counts_what_python_publishes(ports, sockets):
    _, back = sockets
    with role("subscriber", ports, topics=TOPICS, publishers=2) as (subscriber, deadline):
        while subscriber.hear_within(0.01, "heard") is None:
            deadline.left("the markers are heard")
            for by in range(2):
                publish(back, "two", {"marker": 300, "by": by})
        for by in range(2):
            publish(back, "two", {"marker": "last", "by": by})
        subscriber.hear("steady", deadline)
        subscriber.tell("expect", count=700)
        subscriber.hear("expecting", deadline)
        for number in range(699):
            publish(back, "one", {"msg": number * 200})
        subscriber.tell("progress")
        assert subscriber.hear("progress", deadline)["count"] < 700
        publish(back, "two", {"msg": 1})
        complete = subscriber.hear("complete", deadline)
        assert (complete["count"], complete["looked"], complete["topics"]) == (700, 700, 2)


def test_it_answers_questions_and_asks_them(ports, sockets):
    front, back = sockets
    question = msgpack.packb({"msg": 0})
    with role("asker", ports, topics=["answer"], trips=3, seconds=5) as (asker, deadline):
        while asker.hear_within(0.01, "heard") is None:
            deadline.left("the marker is heard")
            publish(back, "answer", {"marker": 1, "by": 0})
        publish(back, "answer", {"marker": "last", "by": 0})
        for number in range(3):
            assert front.recv_multipart() == [b"ask", msgpack.packb({"msg": number})]
            publish(back, "answer", {"msg": 7})  # none of the answers it waits for
            publish(back, "answer", {"msg": number})
        assert len(asker.hear("trips", deadline)["times"]) == 3
    with role("echoer", ports, topics=["ask"]) as (_, deadline):
        front.rcvtimeo = 10
        while True:
            deadline.left("a question is answered")
            back.send_multipart([b"ask", question])
            try:
                assert front.recv_multipart() == [b"answer", question]
                break
            except zmq.Again:  # the echoer has not connected yet
                continue


def publish(socket: zmq.Socket, topic: str, payload: dict) -> None:
    socket.send_multipart([topic.encode(), msgpack.packb(payload)])
