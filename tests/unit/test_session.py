"""What of a session needs no backplane: one sender for each socket, whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import zmq

from banyan.session import Session
from banyan.transport.sender import Sender


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session()
    yield made
    made.close()


def test_one_sender_for_a_socket_even_if_many_ask_at_once(session: Session) -> None:
    socket = session.context.socket(zmq.PUB)
    start = threading.Barrier(8)
    senders: list[Sender] = []

    def ask() -> None:
        start.wait(5)
        senders.append(session.sender(socket))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(senders) == 8
    assert len(set(map(id, senders))) == 1
