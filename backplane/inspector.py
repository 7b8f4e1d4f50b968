"""Forwards like libzmq's loop does, but looks at each message: for permissions.

It costs a Python step for each message, so it runs only where permissions are in force. libzmq
tells of each message with which key its sender came in.
"""

from __future__ import annotations

import contextlib
import logging
import struct
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import zmq
from zmq.backend import Socket as BackendSocket

from banyan import limits
from banyan.logs import QuietLog
from banyan.transport.subscriber import NOBLOCK
from banyan.wire.topics import RIGHTS_PREFIX
from banyan.wire.wording import shown

if TYPE_CHECKING:
    from banyan.keys.permissions import Permissions

logger = logging.getLogger("banyan")

_receive: Final[Any] = BackendSocket.recv
_send: Final[Any] = BackendSocket.send

_MORE: Final = int(zmq.SNDMORE)
_AT_ONCE: Final = 1000
"""Messages forwarded before the subscriptions are looked at again."""

_FRAMES: Final = 3
"""Topic, payload and stamp: more have no place in a message."""

_KNOWN: Final = 16 * limits.MEMORISED_TOPICS
"""Pairs of a name and a topic whose verdict is remembered: 20 MB at worst."""

_FIGURES: Final = struct.Struct("=Q")


class OutOfTurnError(Exception):
    """A subscriber sent what is no subscription; the message is the name of its key."""


class Inspector:
    """Passes on what is permitted; the rest is dropped, counted and logged.

    `offenders` names the keys whose holders must not be let in again, until somebody takes them.
    """

    def __init__(self, permissions: Permissions) -> None:
        self.refused = 0
        self.offenders: deque[str] = deque()
        self.permissions = permissions
        self._known: dict[tuple[str, bytes], bool] = {}
        self._figures = [0] * 8
        self._log = QuietLog(logger)

    def permit(self, permissions: Permissions) -> None:
        """Go by other permissions from the next message on; from any thread."""
        self.permissions = permissions
        self._known = {}

    def pump(
        self, front: zmq.Socket[Any], back: zmq.Socket[Any], steering: zmq.Socket[Any]
    ) -> bool:
        """Carry messages across until TERMINATE comes on `steering`, as zmq_proxy_steerable does.

        It understands STATISTICS as well, with the same eight figures, counted from its call.
        Returns False if `back` has to be renewed, for it is not known who asked it for what.
        """
        self._figures = [0] * 8
        poller = zmq.Poller()
        for socket in (front, back, steering):
            poller.register(socket, zmq.POLLIN)
        try:
            while True:
                ready = dict(poller.poll())
                if steering in ready and self._steer(steering):
                    return True
                if back in ready:
                    self._take_subscriptions(back)
                if front in ready:
                    self._forward(front, back)
        except OutOfTurnError as error:
            self._denounce(str(error))
            return False

    def _steer(self, steering: zmq.Socket[Any]) -> bool:
        """Obey one command; whether it was the last."""
        command = steering.recv()
        if command == b"STATISTICS":
            steering.send_multipart([_FIGURES.pack(figure) for figure in self._figures])
        else:
            steering.send(b"")
        return bool(command == b"TERMINATE")

    # --- messages ---------------------------------------------------------------------------

    def _forward(self, front: zmq.Socket[Any], back: zmq.Socket[Any]) -> None:
        try:
            for _ in range(_AT_ONCE):
                message = self._read(front)
                if self._may_pass(message):
                    for frame in message[:-1]:
                        _send(back, frame, _MORE, False)
                    _send(back, message[-1], 0, False)
        except zmq.Again:
            pass

    def _read(self, front: zmq.Socket[Any]) -> list[Any]:
        """Return a message, or of a longer one than there may be one frame too many."""
        message = [frame := _receive(front, NOBLOCK, False)]
        count, size = 1, len(frame)
        while frame.more:
            frame = _receive(front, NOBLOCK, False)
            count, size = count + 1, size + len(frame)
            if len(message) <= _FRAMES:
                message.append(frame)
        self._figures[0] += count
        self._figures[1] += size
        if count > limits.MAX_MESSAGE_FRAMES:
            self.offenders.append(_sender(frame))
        return message

    def _may_pass(self, message: list[Any]) -> bool:
        name, topic = _sender(message[0]), message[0].bytes
        permitted = self._may_publish(name, topic)
        if permitted and len(message) <= _FRAMES:
            self._figures[6] += len(message)
            self._figures[7] += sum(map(len, message))
            return True
        self.refused += 1
        what = "publish" if not permitted else f"publish more than {_FRAMES} frames"
        self._tell(name, what, topic)
        return False

    def _may_publish(self, name: str, topic: bytes) -> bool:
        known = self._known
        permitted = known.get((name, topic))
        if permitted is None:
            permitted = self.permissions.may_publish(name, topic)
            if len(topic) <= limits.MAX_TOPIC_BYTES:
                if len(known) >= _KNOWN:
                    known.clear()
                known[name, topic] = permitted
        return permitted

    # --- subscriptions ----------------------------------------------------------------------

    def _take_subscriptions(self, back: zmq.Socket[Any]) -> None:
        try:
            for _ in range(_AT_ONCE):
                frame = _receive(back, NOBLOCK, False)
                self._take_subscription(back, frame)
        except zmq.Again:
            pass

    def _take_subscription(self, back: zmq.Socket[Any], frame: Any) -> None:
        """Decide on one subscription; libzmq applies it to whom it takes for its sender.

        That it gets wrong from the first message on that is no subscription, until it has no more
        to tell: somebody would get what another one asked for (libzmq 4.3.5, measured).
        """
        kind, prefix = frame.bytes[:1], frame.bytes[1:]
        if kind == b"\x00":
            # libzmq's own, for a connection that has ended, names nobody.
            with contextlib.suppress(zmq.ZMQError):
                back.unsubscribe(prefix)
        elif kind == b"\x01":
            self._subscribe(back, _sender(frame), prefix)
        else:
            raise OutOfTurnError(_sender(frame))

    def _denounce(self, name: str) -> None:
        self.refused += 1
        self.offenders.append(name)
        logger.warning("%s sends messages to the port for subscribers: all of them reconnect", name)

    def _subscribe(self, back: zmq.Socket[Any], name: str, prefix: bytes) -> None:
        permissions = self.permissions
        if not permissions.may_subscribe(name, prefix):
            self.refused += 1
            self._tell(name, "subscribe to", prefix)
            return
        back.subscribe(prefix)
        if prefix.startswith(RIGHTS_PREFIX):
            with contextlib.suppress(zmq.Again):
                back.send_multipart([prefix, permissions.of(name).pack()], NOBLOCK)

    def _tell(self, name: str, what: str, topic: bytes) -> None:
        text = shown(topic[: limits.MAX_TOPIC_BYTES].decode(errors="replace"))
        who = name or "somebody without a name"
        self._log.warning(f"{name} {what}", "refused %s to %s %s", who, what, text)


def _sender(frame: Any) -> str:
    """Return the name of the key with which a frame's sender came in; empty if there is none."""
    try:
        return str(frame.get("User-Id"))
    except zmq.ZMQError:
        return ""
