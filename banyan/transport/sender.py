"""Sends whole messages on one publishing socket, from any thread, and waits at a full queue."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any, Final

import zmq
from zmq.backend import Socket as BackendSocket

from banyan import limits

_send_frame: Final[Any] = BackendSocket.send
"""pyzmq's compiled method, without the Python above it, which costs more than libzmq itself."""

# As plain numbers: combining flags of an enum costs more than sending a frame.
_LAST: Final = int(zmq.NOBLOCK)
_MORE: Final = int(zmq.SNDMORE | zmq.NOBLOCK)

_LOOK_MS: Final = 100
"""How often a thread that waits for room looks whether the socket is to be closed."""


class Sender:
    """A publishing socket that several threads may use.

    When its queue is full, `send` waits: the backplane is behind. When it stays full for
    `limits.SEND_PATIENCE_S`, the backplane is gone or hangs; messages are then given up, without
    waiting again, until the queue moves.
    """

    def __init__(self, socket: zmq.Socket[Any]) -> None:
        self.socket = socket
        # Reentrant: a signal handler that publishes must not deadlock with what it interrupted,
        # nor put its message between two frames of another: it is sent right after that one.
        self._lock = threading.RLock()
        self._sending = False
        self._interjected: list[tuple[bytes, bytes]] = []
        self._stalled = False
        self._closing = False

    def send(self, topic: bytes, body: bytes) -> bool:
        """Send one message and return True, or False if the full queue made it give up."""
        lock = self._lock
        # `with lock` would take 0.15 us instead of 0.08. What a signal handler raises comes right
        # after a call: after `acquire` it is met by `except`, after `release` nothing is left.
        try:
            lock.acquire()
            if self._sending:
                self._interjected.append((topic, body))
            else:
                self._sending = True
                send_message(self.socket, topic, body)
                self._sending = self._stalled = False
        except BaseException as error:
            return self._recover(topic, body, error)
        lock.release()
        if self._interjected:
            self._send_interjected()
        return True

    def _recover(self, topic: bytes, body: bytes, error: BaseException) -> bool:
        """Wait at a full queue and tell as `send` does; let go of the lock whatever happened."""
        try:
            if isinstance(error, zmq.ZMQError) and self._closing:
                return False
            if not isinstance(error, zmq.Again):
                raise error
            self._stalled = not self._send_when_there_is_room(topic, body)
            return not self._stalled
        finally:
            self._sending = False
            with contextlib.suppress(RuntimeError):  # interrupted before the lock was taken
                self._lock.release()
            self._send_interjected()

    def _send_interjected(self) -> None:
        while self._interjected and not self._sending:
            self.send(*self._interjected.pop(0))

    def try_send(self, topic: bytes, body: bytes) -> None:
        """Send one message if there is room for it now."""
        with self._lock:
            if self._sending:
                return
            try:
                send_message(self.socket, topic, body)
            except zmq.Again:
                return

    def close(self) -> None:
        """Close the socket, as soon as no other thread is sending on it."""
        self._closing = True
        owned = self._lock.acquire(timeout=limits.LINGER_MS / 1000)
        self.socket.close()
        if owned:
            self._lock.release()

    def _send_when_there_is_room(self, topic: bytes, body: bytes) -> bool:
        deadline = time.monotonic() + (0 if self._stalled else limits.SEND_PATIENCE_S)
        # POLLOUT is always set on a PUB socket. Its descriptor turns readable when the I/O thread
        # reports progress, and asking for EVENTS takes those reports in.
        poller = zmq.Poller()
        poller.register(self.socket.fileno(), zmq.POLLIN)
        while True:
            self.socket.get(zmq.EVENTS)
            try:
                send_message(self.socket, topic, body)
            except zmq.Again:
                remaining = deadline - time.monotonic()
                if remaining <= 0 or self._closing:
                    return False
                poller.poll(min(max(1, int(remaining * 1000)), _LOOK_MS))
            else:
                return True


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
        _send_frame(socket, body, _LAST)
        raise
    _send_frame(socket, body, _LAST)
