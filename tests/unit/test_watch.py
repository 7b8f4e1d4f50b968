"""Reports of connections: counted, bounded in what they cost, harmless when nobody reads them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import zmq
from tools import eventually, free_port

from banyan.transport import sockets, tcp
from banyan.transport.inflow import Inflow
from banyan.transport.watch import ConnectionWatch


@pytest.fixture
def context() -> Iterator[zmq.Context[Any]]:
    made: zmq.Context[Any] = zmq.Context()
    yield made
    made.destroy(linger=0)


@contextmanager
def rude_peer() -> Iterator[tuple[int, list[int]]]:
    """Accept every connection and close it at once; yields the port and a list that grows."""
    accepted: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    accepted.append(1)

        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1], accepted
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        assert not thread.is_alive()


def test_connections_are_counted(context: zmq.Context[Any]) -> None:
    port = free_port()
    subscriber = sockets.open_subscriber(context)
    watch = ConnectionWatch(subscriber)
    sockets.connect(subscriber, f"tcp://127.0.0.1:{port}")
    watch.look()
    assert (watch.connections, watch.connected, watch.connection) == (0, False, None)
    for number in (1, 2, 3):
        publisher = context.socket(zmq.PUB)
        publisher.bind(f"tcp://127.0.0.1:{port}")
        eventually(lambda number=number: _looked(watch).connections == number)
        assert watch.connected
        assert watch.reconnects == number - 1
        assert watch.connection is not None
        assert tcp.peer(watch.connection.descriptor) == ("127.0.0.1", port)
        publisher.close(0)
        eventually(lambda: not _looked(watch).connected)
        assert watch.connection is None
    watch.close()
    subscriber.close()
    assert watch.connections == 3


def test_thousands_of_reports_that_nobody_reads_stop_nothing(context: zmq.Context[Any]) -> None:
    with rude_peer() as (port, accepted):
        subscriber = context.socket(zmq.SUB)
        subscriber.reconnect_ivl = 1
        watch = ConnectionWatch(subscriber)
        subscriber.connect(f"tcp://127.0.0.1:{port}")
        eventually(lambda: len(accepted) > 1500, 30)  # 4,500 reports
        here, there = sockets.open_pair(context)
        there.send(b"the context works")
        assert here.recv() == b"the context works"
        watch.look()
        assert watch.connections == 0
        assert watch.failure.startswith("the handshake failed")
        watch.close()
        for each in (subscriber, here, there):
            each.close(0)


def test_a_look_inside_a_look_is_left_out(context: zmq.Context[Any]) -> None:
    """As by a signal handler that interrupts one."""
    subscriber = sockets.open_subscriber(context)
    watch = ConnectionWatch(subscriber)
    with watch._lock:
        watch.look()
    watch.close()
    watch.close()
    watch.look()
    subscriber.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="reads Linux's TCP_INFO")
def test_bytes_are_counted_over_connections_and_cuts(context: zmq.Context[Any]) -> None:
    publisher, subscriber = context.socket(zmq.PUB), sockets.open_subscriber(context)
    port = publisher.bind_to_random_port("tcp://127.0.0.1")
    watch = ConnectionWatch(subscriber)
    inflow = Inflow(watch, port)
    sockets.connect(subscriber, f"tcp://127.0.0.1:{port}")
    subscriber.subscribe("")
    sent = 0

    def heard() -> bool:
        """Publish until something arrives: subscriptions are sent again by the reading thread."""
        nonlocal sent
        publisher.send_multipart([b"x", bytes(100_000)])
        sent += 1
        return bool(subscriber.poll(10))

    for _ in range(3):
        before = inflow.arrived
        eventually(heard)
        inflow.look()
        assert before + 100_000 < inflow.arrived < sent * 101_000
        assert inflow.cut()
        assert not inflow.cut()  # it is, already
        while subscriber.poll(0):
            subscriber.recv_multipart()
        eventually(lambda: not _looked(watch).connected)
    eventually(heard)
    wrong = Inflow(watch, port + 1)
    wrong.look()
    assert wrong.arrived > 100_000
    assert not wrong.cut()
    for each in (inflow, wrong, watch, subscriber):
        each.close()
    publisher.close(0)


def _looked(watch: ConnectionWatch) -> ConnectionWatch:
    watch.look()
    return watch
