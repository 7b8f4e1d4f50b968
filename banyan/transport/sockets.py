"""Opens every kind of socket Banyan uses, with all of its options, and moves whole messages.

The one home of socket options: nothing else in the library or the daemon sets any, and none is
changed later. Above all no queue is ever made shorter: libzmq then waits for reports of messages
read that its peer will never send, and the connection stays silent for good (measured).
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable
from typing import Any, Final

import zmq
from zmq.backend import Socket as BackendSocket

from banyan import limits
from banyan.errors import EndpointError
from banyan.wire.topics import is_reserved

# The methods of pyzmq's compiled socket, called without the Python layer above them: that layer
# costs more than libzmq itself (measured: a third of the throughput).
_receive_frame: Final[Any] = BackendSocket.recv
_send_frame: Final[Any] = BackendSocket.send
_option: Final[Any] = BackendSocket.get


# As plain numbers: combining flags of an enum costs more than sending a frame.
NOBLOCK: Final = int(zmq.NOBLOCK)
_MORE: Final = int(zmq.SNDMORE | zmq.NOBLOCK)


class SubscriberSocket(zmq.Socket[bytes]):
    """A SUB socket that never shows a probe and can take back messages read too early.

    Proving a path means reading until the probe arrives; what else was read is put back with
    `hold` and comes out first, in order, whoever reads: a receive loop or a program's own
    `recv_multipart(zmq.NOBLOCK)`.
    """

    _held: deque[list[bytes]]
    _rest: deque[bytes]
    _timeout_ms: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held = deque()
        self._rest = deque()
        self._timeout_ms = -1

    def hold(self, messages: Iterable[list[bytes]]) -> None:
        """Put messages back; they are the next to be received."""
        self._held.extend(messages)

    def has_held(self) -> bool:
        """Tell whether a message that was put back waits to be received."""
        return bool(self._held)

    def next_message(self, flags: int = NOBLOCK) -> list[bytes]:
        """Return the next message's first two frames, probes included; raise zmq.Again if none.

        With flags=0 it waits, for as long as `wait_at_most` said.
        """
        return self._held.popleft() if self._held else read_message(self, flags)

    def wait_at_most(self, timeout_ms: int) -> None:
        """Bound the waiting of `next_message`; -1 takes the bound away.

        A receive loop takes it away at its end: a program that calls `recv` itself expects none.
        """
        if timeout_ms != self._timeout_ms and not self.closed:
            self.rcvtimeo = self._timeout_ms = timeout_ms

    def recv_multipart(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """Receive one message as a list of frames, as any pyzmq socket does, but never a probe."""
        if self._rest:
            frames = list(self._rest)
            self._rest.clear()
        else:
            frames = self._whole_message(flags)
        return frames if copy else [zmq.Frame(frame) for frame in frames]

    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """Receive one frame; `getsockopt(zmq.RCVMORE)` tells whether another one belongs to it."""
        if not self._rest:
            self._rest.extend(self._whole_message(flags))
        frame = self._rest.popleft()
        return frame if copy else zmq.Frame(frame)

    def get(self, option: int) -> Any:
        """Return the value of a socket option."""
        if option == zmq.RCVMORE:
            return int(bool(self._rest))
        return super().get(option)

    getsockopt = get

    def poll(self, timeout: int | None = None, flags: int = zmq.POLLIN) -> int:
        """Wait for events, in milliseconds; a probe is none, a message put back is one."""
        if not flags & zmq.POLLIN:
            return super().poll(timeout, flags)
        deadline = None if timeout is None or timeout < 0 else time.monotonic() + timeout / 1000
        while not (self._rest or self._held):
            left = None if deadline is None else max(0, int((deadline - time.monotonic()) * 1000))
            if not self.readable(left):
                return 0
            message = self.next_message()
            if not is_reserved(message[0]):
                self._held.append(message)
        return int(zmq.POLLIN)

    def readable(self, timeout: int | None) -> bool:
        """Wait, in milliseconds, until libzmq has something to read, be it a probe."""
        if timeout == 0:  # quicker than the poller that pyzmq makes
            return bool(_option(self, zmq.EVENTS) & zmq.POLLIN)
        return bool(super().poll(timeout, zmq.POLLIN))

    def _whole_message(self, flags: int) -> list[bytes]:
        while True:
            frames = self._held.popleft() if self._held else self._read_all(flags)
            if not is_reserved(frames[0]):
                return frames

    def _read_all(self, flags: int) -> list[bytes]:
        frames: list[bytes] = [_receive_frame(self, flags)]
        while _option(self, zmq.RCVMORE):
            frames.append(_receive_frame(self, flags))
        return frames


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


def read_message(socket: zmq.Socket[Any], flags: int = NOBLOCK) -> list[bytes]:
    """Return the first two frames of the next message; raise zmq.Again if there is none.

    Further frames are read and thrown away. A message is in the socket as a whole or not at all,
    so only its first frame can be missing.
    """
    # A frame object knows whether another one follows; asking the socket for that costs more.
    frame = _receive_frame(socket, flags, False)
    frames: list[bytes] = [frame.bytes]
    while frame.more:
        frame = _receive_frame(socket, NOBLOCK, False)
        if len(frames) < 2:
            frames.append(frame.bytes)
    return frames


def send_message(socket: zmq.Socket[Any], topic: bytes, body: bytes) -> None:
    """Queue a message whole, without waiting; raise zmq.Again, with nothing sent, if it is full.

    Never waits inside libzmq, so an exception that a signal handler raises here (Ctrl-C) always
    finds the first frame taken; the second follows, or the next message would be malformed.
    """
    try:
        _send_frame(socket, topic, _MORE)
    except zmq.ZMQError:
        raise
    except BaseException:
        _send_frame(socket, body, NOBLOCK)
        raise
    _send_frame(socket, body, NOBLOCK)
