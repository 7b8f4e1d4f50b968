"""Opens every kind of socket Banyan uses, with all of its options.

The one home of socket options: nothing else in the library or the daemon sets any, and none is
changed later. Above all no queue is ever made shorter: libzmq then waits for reports of messages
read that its peer will never send, and the connection stays silent for good (measured).
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any, Final

import zmq

from banyan import limits
from banyan.errors import EndpointError
from banyan.transport.subscriber import SubscriberSocket

if TYPE_CHECKING:
    from banyan.keys.key_file import Credentials


_REPORT: Final = struct.Struct("=HI")
"""The first frame of a monitor's message (zmq_socket_monitor)."""


def open_subscriber(
    context: zmq.Context[Any],
    credentials: Credentials | None = None,
    max_message_bytes: int = limits.MAX_RECEIVED_BYTES,
) -> SubscriberSocket:
    """Open a SUB socket for a backplane's subscriber port; it hangs up on a larger frame."""
    socket: SubscriberSocket = context.socket(zmq.SUB, socket_class=SubscriberSocket)
    _set_connecting(socket, credentials)
    # Upstream a SUB sends subscriptions only; a bounded queue would silently forget them above
    # 1,000 (measured: 9,000 of 10,000).
    socket.sndhwm = 0
    # Never full: libzmq aborts the process when a heartbeat times out while a connecting socket
    # has stopped reading because its queue is full (libzmq issues 3937 and 4767).
    socket.rcvhwm = 0
    socket.maxmsgsize = max_message_bytes
    return socket


def open_publisher(
    context: zmq.Context[Any], *, alone: bool, credentials: Credentials | None = None
) -> zmq.Socket[bytes]:
    """Open a publishing socket for a backplane's publisher port.

    `alone` means that no subscriber socket goes to the same backplane, so that no probe can come
    back: the socket is an XPUB then, which hears when the backplane is ready to take messages.
    """
    socket: zmq.Socket[bytes] = context.socket(zmq.XPUB if alone else zmq.PUB)
    _set_connecting(socket, credentials)
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


def open_monitor(watched: zmq.Socket[Any], events: int) -> zmq.Socket[bytes]:
    """Have libzmq report events of a socket's connections; return where they are to be read.

    Its queue has no bound: reports that found no room would stop the whole context (measured).
    """
    url = f"inproc://{os.urandom(16).hex()}"
    watched.monitor(url, events)
    socket: zmq.Socket[bytes] = watched.context.socket(zmq.PAIR)
    socket.linger = 0
    socket.rcvhwm = 0
    socket.connect(url)
    return socket


def read_report(monitor: zmq.Socket[Any]) -> tuple[int, int]:
    """Return the next report: the event, and a value that depends on it; zmq.Again if none.

    Frame by frame, so that a signal handler that raises between two leaves no harm behind.
    """
    while True:
        frame = monitor.recv(zmq.NOBLOCK, copy=False)
        if frame.more:  # else it is the address, which is known
            event, value = _REPORT.unpack(frame.bytes)
            return event, value


def open_zap(context: zmq.Context[Any]) -> zmq.Socket[bytes]:
    """Open the socket on which libzmq asks who may come in (ZeroMQ RFC 27)."""
    socket: zmq.Socket[bytes] = context.socket(zmq.REP)
    socket.linger = 0
    socket.bind("inproc://zeromq.zap.01")
    return socket


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


def open_front_end(
    context: zmq.Context[Any],
    max_message_bytes: int,
    *,
    queue: int = limits.MESSAGE_QUEUE,
    credentials: Credentials | None = None,
) -> zmq.Socket[bytes]:
    """Open a backplane's XSUB socket, which takes every topic; the caller binds it.

    `queue` is how many messages it holds unread from each publisher.
    """
    socket: zmq.Socket[bytes] = context.socket(zmq.XSUB)
    _set_listening(socket, b"publishers", credentials)
    socket.sndhwm = 0
    socket.rcvhwm = queue
    socket.maxmsgsize = max_message_bytes
    # One subscription to everything, kept for every publisher to come. No other subscription is
    # ever forwarded: it would race with a late one and tell publishers who listens to what.
    socket.send(b"\x01")
    return socket


def open_back_end(
    context: zmq.Context[Any],
    *,
    queue: int = limits.SUBSCRIBER_QUEUE,
    wait: bool = False,
    ask: bool = False,
    credentials: Credentials | None = None,
) -> zmq.Socket[bytes]:
    """Open a backplane's socket from which every subscriber is served; the caller binds it.

    `queue` is how many messages it holds for each; at a full one it drops, or with `wait` refuses
    to take more. With `ask` it is an XPUB that leaves each subscription to its owner's decision,
    else a PUB.
    """
    socket: zmq.Socket[bytes] = context.socket(zmq.XPUB if ask else zmq.PUB)
    _set_listening(socket, b"subscribers", credentials)
    socket.sndhwm = queue
    socket.rcvhwm = 0
    socket.maxmsgsize = limits.MAX_SUBSCRIPTION_BYTES
    if wait:
        socket.set(zmq.XPUB_NODROP, 1)
    if ask:
        socket.set(zmq.XPUB_MANUAL, 1)
    return socket


def _set_connecting(socket: zmq.Socket[Any], credentials: Credentials | None) -> None:
    _set_common(socket)
    if credentials is not None:
        # Without this key anybody at that address could pass for the backplane.
        socket.curve_serverkey = credentials.backplane
        socket.curve_publickey = credentials.public
        socket.curve_secretkey = credentials.secret


def _set_listening(socket: zmq.Socket[Any], domain: bytes, credentials: Credentials | None) -> None:
    _set_common(socket)
    socket.backlog = limits.LISTEN_BACKLOG
    # With a domain libzmq asks who may come in; enforced, nobody may where nobody answers.
    socket.set(zmq.ZAP_DOMAIN, domain)
    socket.set(zmq.ZAP_ENFORCE_DOMAIN, 1)
    if credentials is not None:
        socket.curve_server = True
        socket.curve_secretkey = credentials.secret


def _set_common(socket: zmq.Socket[Any]) -> None:
    socket.linger = 0
    socket.heartbeat_ivl = limits.HEARTBEAT_INTERVAL_MS
    socket.heartbeat_timeout = limits.HEARTBEAT_TIMEOUT_MS
    socket.handshake_ivl = limits.HANDSHAKE_TIMEOUT_MS
    socket.reconnect_ivl = limits.RECONNECT_MIN_MS
    socket.reconnect_ivl_max = limits.RECONNECT_MAX_MS
