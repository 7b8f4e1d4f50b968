"""Both ends of a forwarder renewed while it listens on two addresses; in this process."""

from __future__ import annotations

import zmq
from tools import Backplane, eventually, free_ports
from tools.raw import Counter, Source

from backplane.admission import Admission
from backplane.door import Door
from backplane.forwarder import Forwarder, Queues


def test_everybody_comes_back_and_figures_go_on() -> None:
    ports = free_ports(2)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    door = Door(context, Admission([], None))
    forwarder = Forwarder(context, door.watch, Queues())
    door.open()
    for address in ("127.0.0.1", "127.0.0.2"):
        forwarder.bind(f"tcp://{address}:{ports[0]}", f"tcp://{address}:{ports[1]}")
    forwarder.start()
    try:
        running = Backplane(*ports, program=None)  # type: ignore[arg-type]
        with Counter(running) as counter, Source(running, counter) as source:
            for _ in range(3):
                before, got = forwarder.traffic(), counter.got
                forwarder.renew()
                eventually(lambda got=got: source.push() or counter.got > got + 10)
                assert forwarder.traffic().frames_in > before.frames_in
            forwarder.renew()
    finally:
        assert forwarder.close()
        door.close()
        context.destroy(linger=0)
    assert forwarder.failure is None
