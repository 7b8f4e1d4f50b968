"""Sends whole messages on one publishing socket, from any thread, and waits at a full queue."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import zmq

from banyan import limits
from banyan.transport import sockets

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
        with self._lock:
            if self._sending:
                self._interjected.append((topic, body))
                return True
            self._sending = True
            try:
                return self._send(topic, body)
            finally:
                self._sending = False
                while self._interjected:
                    self.send(*self._interjected.pop(0))

    def _send(self, topic: bytes, body: bytes) -> bool:
        if self._closing:
            return False
        try:
            sockets.send_message(self.socket, topic, body)
        except zmq.Again:
            self._stalled = not self._send_when_there_is_room(topic, body)
            return not self._stalled
        self._stalled = False
        return True

    def try_send(self, topic: bytes, body: bytes) -> None:
        """Send one message if there is room for it now."""
        with self._lock:
            if self._sending:
                return
            try:
                sockets.send_message(self.socket, topic, body)
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
                sockets.send_message(self.socket, topic, body)
            except zmq.Again:
                remaining = deadline - time.monotonic()
                if remaining <= 0 or self._closing:
                    return False
                poller.poll(min(max(1, int(remaining * 1000)), _LOOK_MS))
            else:
                return True
