"""Banyan's ends and sockets around libzmq's bare loop: what the guard and the door cost."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import zmq

from banyan.transport import sockets
from benchmarks.adapter import Place
from benchmarks.adapters.banyan_base import ABILITIES, PORTS, converse, missing, publish

__all__ = ["ABILITIES", "NAME", "PORTS", "broker", "converse", "missing", "publish"]

NAME = "banyan unguarded"


def broker(place: Place) -> Sequence[str]:
    """Return the command of a backplane that nobody looks after."""
    return [sys.executable, "-m", __name__, *map(str, place.ports)]


def forward(publisher_port: str, subscriber_port: str) -> None:
    """Forward for ever."""
    context: zmq.Context[Any] = zmq.Context()
    front = sockets.open_front_end(context, 16 << 20)
    back = sockets.open_back_end(context)
    for socket in (front, back):
        socket.set(zmq.ZAP_ENFORCE_DOMAIN, 0)  # there is no door here to ask
    sockets.bind(front, f"tcp://127.0.0.1:{publisher_port}")
    sockets.bind(back, f"tcp://127.0.0.1:{subscriber_port}")
    _, steering = sockets.open_pair(context)
    zmq.proxy_steerable(front, back, None, steering)


if __name__ == "__main__":
    forward(*sys.argv[1:])
