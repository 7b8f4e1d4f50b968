"""Opens every kind of socket Banyan uses, with all of its options.

The one home of socket options: nothing else in the library or the daemon sets any, and none is
changed later. Above all no queue is ever made shorter: libzmq then waits for reports of messages
read that its peer will never send, and the connection stays silent for good (measured).
"""

from __future__ import annotations

import os
from typing import Any

import zmq

from banyan import limits
from banyan.errors import EndpointError
from banyan.transport.subscriber import SubscriberSocket


def open_subscriber(context: zmq.Context[Any]) -> SubscriberSocket:
    """Open a SUB socket for a backplane's subscriber port."""
    socket: SubscriberSocket = context.socket(zmq.SUB, socket_class=SubscriberSocket)
    _set_common(socket)
    # Upstream a SUB sends subscriptions only; a bounded queue would silently forget them above
    # 1,000 (measured: 9,000 of 10,000).
    socket.sndhwm = 0
    # Never full: libzmq aborts the process when a heartbeat times out while a connecting socket
    # has stopped reading because its queue is full (libzmq issues 3937 and 4767).
    socket.rcvhwm = 0
    return socket


def open_publisher(context: zmq.Context[Any], *, alone: bool) -> zmq.Socket[bytes]:
    """Open a publishing socket for a backplane's publisher port.

    `alone` means that no subscriber socket goes to the same backplane, so that no probe can come
    back: the socket is an XPUB then, which hears when the backplane is ready to take messages.
    """
    socket: zmq.Socket[bytes] = context.socket(zmq.XPUB if alone else zmq.PUB)
    _set_common(socket)
    # Refuse at a full queue instead of dropping; works on PUB as well as on XPUB (measured).
    socket.set(zmq.XPUB_NODROP, 1)
    socket.sndhwm = limits.PUBLISHER_QUEUE
    socket.rcvhwm = 0  # as in open_subscriber
    socket.linger = limits.LINGER_MS
    return socket


def open_pair(context: zmq.Context[Any]) -> tuple[zmq.Socket[bytes], zmq.Socket[bytes]]:
    """Open two sockets of this process that talk to each other; the first gives up after 2 s."""
    name = f"inproc://{os.urandom(16).hex()}"
    ends = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    ends[0].bind(name)
    ends[0].rcvtimeo = limits.LINGER_MS
    ends[1].connect(name)
    for end in ends:
        end.linger = 0
    return ends


def bind(socket: zmq.Socket[Any], url: str) -> None:
    """Listen at an address; the error is libzmq's."""
    socket.ipv6 = "[" in url
    socket.bind(url)


def connect(socket: zmq.Socket[Any], url: str) -> None:
    """Connect to a `tcp://` address; libzmq goes on trying until it is there."""
    # Only for addresses written as IPv6: a host name with both kinds resolves to one address
    # only, and `localhost` must not become ::1 where the backplane listens on 127.0.0.1.
    socket.ipv6 = "[" in url
    try:
        socket.connect(url)
    except zmq.ZMQError as error:
        raise EndpointError(f"cannot connect to {url}: {error.strerror}") from error


def open_front_end(context: zmq.Context[Any], max_message_bytes: int) -> zmq.Socket[bytes]:
    """Open a backplane's XSUB socket, which takes every topic; the caller binds it."""
    socket: zmq.Socket[bytes] = context.socket(zmq.XSUB)
    _set_common(socket)
    socket.sndhwm = 0
    socket.rcvhwm = limits.MESSAGE_QUEUE
    socket.maxmsgsize = max_message_bytes
    socket.backlog = limits.LISTEN_BACKLOG
    # One subscription to everything, kept for every publisher to come. No other subscription is
    # ever forwarded: it would race with a late one and tell publishers who listens to what.
    socket.send(b"\x01")
    return socket


def open_back_end(context: zmq.Context[Any]) -> zmq.Socket[bytes]:
    """Open a backplane's PUB socket, from which every subscriber is served; the caller binds it."""
    socket: zmq.Socket[bytes] = context.socket(zmq.PUB)
    _set_common(socket)
    socket.sndhwm = limits.SUBSCRIBER_QUEUE
    socket.rcvhwm = 0
    socket.maxmsgsize = limits.MAX_SUBSCRIPTION_BYTES
    socket.backlog = limits.LISTEN_BACKLOG
    return socket


def _set_common(socket: zmq.Socket[Any]) -> None:
    socket.linger = 0
    socket.heartbeat_ivl = limits.HEARTBEAT_INTERVAL_MS
    socket.heartbeat_timeout = limits.HEARTBEAT_TIMEOUT_MS
    socket.handshake_ivl = limits.HANDSHAKE_TIMEOUT_MS
    socket.reconnect_ivl = limits.RECONNECT_MIN_MS
    socket.reconnect_ivl_max = limits.RECONNECT_MAX_MS
