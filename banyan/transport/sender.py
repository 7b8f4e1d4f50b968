"""Sends whole messages on one publishing socket, from any thread, and waits at a full queue."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import zmq
from zmq.backend import Socket as BackendSocket

from banyan import limits
from banyan.sequences import Stamper

if TYPE_CHECKING:
    from banyan.transport.granted import Granted

_send_frame: Final[Any] = BackendSocket.send
"""pyzmq's compiled method, without the Python above it, which costs more than libzmq itself."""

# As plain numbers: combining flags of an enum costs more than sending a frame.
_LAST: Final = int(zmq.NOBLOCK)
_MORE: Final = int(zmq.SNDMORE | zmq.NOBLOCK)

_ATTEMPTS: Final = 10
"""To complete a message while signal handlers raise."""

_LOOK_MS: Final = 100
"""How often a thread that waits for room looks whether the socket is to be closed."""


class Sender:
    """A publishing socket that several threads may use.

    When its queue is full, `send` waits: the backplane is behind. When it stays full for
    `limits.SEND_PATIENCE_S`, the backplane is gone or hangs; messages are then given up, without
    waiting again, until the queue moves.

    With a `stamper` messages are stamped; probes never are. A message that is given up has used
    up its number, so that receivers see that it is missing.
    """

    def __init__(self, socket: zmq.Socket[Any], stamper: Stamper | None = None) -> None:
        self.socket = socket
        self.granted: Granted | None = None
        """What the key of this socket may do, once the backplane has told."""
        self.stamper = stamper
        # Reentrant: a signal handler that publishes must not deadlock with what it interrupted,
        # nor put its message between two frames of another: it is sent right after that one.
        self._lock = threading.RLock()
        self._sending = False
        self._interjected: deque[tuple[bytes, bytes]] = deque()
        self._stalled = False
        self._closing = False

    def send(self, topic: bytes, body: bytes) -> bool:
        """Send one message and return True, or False if the full queue made it give up."""
        with self._lock:
            if self._sending:
                return self._interject(topic, body)
            self._sending = True
            stamp = None
            try:
                if self.stamper is not None:
                    stamp = self.stamper.stamp(topic, time.time_ns())
                send_message(self.socket, topic, body, stamp)
            except zmq.ZMQError as error:
                return self._send_later(topic, body, stamp, error)
            finally:
                self._sending = False
                if self._interjected:
                    self._send_interjected()
            self._stalled = False
            return True

    def _interject(self, topic: bytes, body: bytes) -> bool:
        """Keep what a signal handler publishes while its thread sends; False if it is too much."""
        if len(self._interjected) >= limits.PUBLISHER_QUEUE:
            if self.stamper is not None:
                self.stamper.stamp(topic, 0)  # its number is used up
            return False
        self._interjected.append((topic, body))
        return True

    def _send_interjected(self) -> None:
        """Send what signal handlers published meanwhile, and what they publish during this."""
        self._sending = True
        try:
            while self._interjected:
                topic, body = self._interjected.popleft()
                stamp = None if self.stamper is None else self.stamper.stamp(topic, time.time_ns())
                try:
                    send_message(self.socket, topic, body, stamp)
                except zmq.ZMQError as error:
                    self._send_later(topic, body, stamp, error)
        finally:
            self._sending = False

    def _send_later(
        self, topic: bytes, body: bytes, stamp: bytes | None, error: zmq.ZMQError
    ) -> bool:
        """Send what was refused once there is room; False if that takes too long."""
        if self._closing:
            return False
        if error.errno != zmq.EAGAIN:
            raise error
        self._stalled = not self._send_when_there_is_room(topic, body, stamp)
        return not self._stalled

    def try_send(self, topic: bytes, body: bytes) -> None:
        """Send one message if there is room for it now."""
        with self._lock:
            if self._sending:
                return
            self._sending = True
            try:
                send_message(self.socket, topic, body)
            except zmq.Again:
                return
            finally:
                self._sending = False
                if self._interjected:
                    self._send_interjected()

    def close(self) -> None:
        """Close the socket, as soon as no other thread is sending on it."""
        self._closing = True
        owned = self._lock.acquire(timeout=limits.LINGER_MS / 1000)
        self.socket.close()
        if owned:
            self._lock.release()

    def _send_when_there_is_room(self, topic: bytes, body: bytes, stamp: bytes | None) -> bool:
        deadline = time.monotonic() + (0 if self._stalled else limits.SEND_PATIENCE_S)
        # POLLOUT is always set on a PUB socket. Its descriptor turns readable when the I/O thread
        # reports progress, and asking for EVENTS takes those reports in.
        poller = zmq.Poller()
        poller.register(self.socket.fileno(), zmq.POLLIN)
        while True:
            self.socket.get(zmq.EVENTS)
            try:
                send_message(self.socket, topic, body, stamp)
            except zmq.Again:
                remaining = deadline - time.monotonic()
                if remaining <= 0 or self._closing:
                    return False
                poller.poll(min(max(1, int(remaining * 1000)), _LOOK_MS))
            else:
                return True


def send_message(
    socket: zmq.Socket[Any], topic: bytes, body: bytes, stamp: bytes | None = None
) -> None:
    """Queue a message whole, without waiting; raise zmq.Again, with nothing sent, if it is full.

    When a signal handler raises (Ctrl-C), pyzmq does not tell whether the frame was sent before.
    The body is then sent once more: the message is complete, or at worst a lone body follows it,
    which subscribers drop. Left out, the next topic would be taken for this message's payload.
    """
    if stamp is not None:
        _send_stamped(socket, topic, body, stamp)
        return
    try:
        _send_frame(socket, topic, _MORE)
        _send_frame(socket, body, _LAST)
    except zmq.ZMQError:
        raise
    except BaseException:
        _complete(socket, body)
        raise


def _send_stamped(socket: zmq.Socket[Any], topic: bytes, body: bytes, stamp: bytes) -> None:
    """Queue a message of three frames, as `send_message` does.

    Interrupted, body and stamp are sent once more, or the stamp alone if the body has gone for
    certain. Subscribers look for a stamp at the end: a body that is there twice does not matter,
    and a lone stamp is dropped.
    """
    body_has_gone = False
    try:
        _send_frame(socket, topic, _MORE)
        _send_frame(socket, body, _MORE)
        body_has_gone = True
        _send_frame(socket, stamp, _LAST)
    except zmq.ZMQError:
        raise
    except BaseException:
        if body_has_gone or _complete(socket, body, _MORE):
            _complete(socket, stamp)
        raise


def _complete(socket: zmq.Socket[Any], frame: bytes, flags: int = _LAST) -> bool:
    """Send one more frame, whatever signal handlers raise meanwhile; return whether it went."""
    for _ in range(_ATTEMPTS):
        try:
            _send_frame(socket, frame, flags)
        except zmq.ZMQError:  # full, so nothing had been sent; or closed
            return False
        except BaseException:  # noqa: S112 - the first exception is on its way
            continue
        return True
    return False
