"""Takes messages out of SUB sockets and hands them over: every message passes here."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import zmq

from banyan import limits
from banyan.counters import Counters
from banyan.errors import BanyanError, DecodeError, SharedElsewhereError, SharedGapError
from banyan.stamps import Stamps
from banyan.transport.flood import FloodWatch
from banyan.transport.link import Link
from banyan.transport.subscriber import NOBLOCK, Frames, SubscriberSocket, receive_frame
from banyan.wire import boundaries, codec, frames, handle, stamp
from banyan.wire.codec import Payload
from banyan.wire.topics import is_reserved, open_topic

if TYPE_CHECKING:
    from banyan.shared.rings import Rings

_WARY_FOR: Final = 100
"""Messages read with care after one that did not tell where it ends."""

_REST: Final = 3
"""Frames kept of what follows two that were read: no message of ours has more than three."""


class HasNumpy(Protocol):
    """A component, as far as decoding is concerned; it may turn its switch at any time."""

    numpy: bool


class Consumer(Protocol):
    """What the loop needs of the component it receives for."""

    @property
    def component(self) -> HasNumpy: ...
    def deliver(self, link: Link, topic: str, payload: Payload) -> None: ...
    def gap(self, topic: str, publisher: str, missed: int) -> None: ...
    def undecodable(self, topic: bytes, error: DecodeError, source: str) -> None: ...
    def missed(self, topic: bytes, error: BanyanError, source: str) -> None: ...
    def idle(self) -> None: ...
    def pause(self) -> float: ...


class Reader:
    """What a receive loop does with its sockets while it runs.

    There are three ways to read. Frames are taken two at a time, or three once stamps were seen
    on a link, without asking libzmq where messages end: asking takes as long as all the rest. As
    long as every payload is a map that proves to be in step (see `frames.realign`). After
    one that does not, messages are read warily for a while, whole and one by one.
    """

    def __init__(self, counters: Counters, flood: FloodWatch) -> None:
        self.stamps = Stamps(counters)
        self._counters = counters
        self._flood = flood
        self._links: dict[SubscriberSocket, Link] = {}
        self._actions: list[Callable[[], None]] = []
        self._changed = False
        self._stop_requested = False
        self._wary = 0
        self._announce: Callable[[], None] | None = None
        self._announced = False
        self._dropped_bytes = 0
        self._rings: Rings | None = None

    def _deliver(
        self, socket: SubscriberSocket, consumer: Consumer, flags: int, most: int, due: float
    ) -> bool:
        """Deliver at most so many messages, until it is `due` or something changes.

        Returns False when there are no more.
        """
        link = cast(Link, self._links.get(socket))  # none while only the bell is listened for
        self._changed = self._stop_requested
        if link is not None and not socket.held:
            link.sequences.settle()
        try:
            if self._wary or socket.held:
                return self._deliver_warily(socket, consumer, flags, most, due)
            if link is not None and self._expects_stamps(link):
                return self._deliver_stamped(link, socket, consumer, flags, most, due)
            return self._deliver_pairs(link, socket, consumer, flags, most, due)
        finally:
            self.stamps.current = None

    def _expects_stamps(self, link: Link) -> bool:
        """Tell whether to read three frames at a time: once a stamp was seen, it is for good."""
        link.stamped = link.stamped or self.stamps.max_age is not None
        return link.stamped

    def _deliver_pairs(
        self,
        link: Link,
        socket: SubscriberSocket,
        consumer: Consumer,
        flags: int,
        most: int,
        due: float,
    ) -> bool:
        """Deliver messages of two frames; nothing is done for each that can be left out."""
        component, deliver, counters = consumer.component, consumer.deliver, self._counters
        decode, flood, held = codec.decode, self._flood, socket.held
        clock = time.monotonic if due < math.inf else None
        topic: str | None = None  # of the message before: what follows may be its stamp
        try:
            for _ in range(most):
                body: Any = None  # bytes where there is a payload
                try:
                    head: bytes = receive_frame(socket, flags)
                except zmq.Again:
                    return False
                try:
                    body = receive_frame(socket, NOBLOCK)
                    payload = decode(body, component.numpy)
                    name = open_topic(head)
                except (zmq.Again, DecodeError):
                    name = payload = None
                except BaseException:  # of a signal handler
                    self._look_again(socket, [head, body], topic)
                    raise
                if name is None or type(payload) is not dict or handle.KEY in payload:
                    self._look_again(socket, [head, body], topic)
                    topic = None
                    break
                size = len(body)
                if size >= limits.LARGE_FRAME_BYTES:
                    self._expect_large()
                counters.received = received = counters.received + 1
                counters.received_bytes += len(head) + size
                if not received & flood.mask:
                    flood.look()
                topic = name
                deliver(link, topic, payload)
                if self._changed or self._wary or held or (clock is not None and clock() >= due):
                    break
            return True
        finally:
            if topic is not None:
                link.last_topic = topic

    def _deliver_stamped(
        self,
        link: Link,
        socket: SubscriberSocket,
        consumer: Consumer,
        flags: int,
        most: int,
        due: float,
    ) -> bool:
        """Deliver messages of three frames.

        A map and a stamp behind it prove that this is in step: neither can begin a message.
        """
        component, deliver, counters = consumer.component, consumer.deliver, self._counters
        decode, flood, held = codec.decode, self._flood, socket.held
        admit, split = self.stamps.admit, stamp.split
        clock = time.monotonic if due < math.inf else None
        for _ in range(most):
            body: Any = None  # bytes where there is a payload
            mark: bytes | None = None
            try:
                head: bytes = receive_frame(socket, flags)
            except zmq.Again:
                return False
            try:
                body = receive_frame(socket, NOBLOCK)
                mark = receive_frame(socket, NOBLOCK)
                fields = split(mark)
                payload = decode(body, component.numpy) if fields else None
                topic = open_topic(head)
            except (zmq.Again, DecodeError):
                topic = fields = payload = None
            except BaseException:  # of a signal handler; a stamp may be lost
                link.sequences.clear()
                self._look_again(socket, [head, body, mark])
                raise
            if (
                topic is None
                or fields is None
                or type(payload) is not dict
                or handle.KEY in payload
            ):
                self._look_again(socket, [head, body, mark])
                break
            size = len(body)
            if size >= limits.LARGE_FRAME_BYTES:
                self._expect_large()
            if admit(link, topic, head, fields, consumer):
                counters.received = received = counters.received + 1
                counters.received_bytes += len(head) + size
                if not received & flood.mask:
                    flood.look()
                deliver(link, topic, payload)
            else:
                self._dropped_bytes += len(head) + size
            link.last_topic = None
            if self._changed or self._wary or held or (clock is not None and clock() >= due):
                break
        return True

    def _deliver_warily(
        self, socket: SubscriberSocket, consumer: Consumer, flags: int, most: int, due: float
    ) -> bool:
        """Deliver messages that are known to be whole.

        Stays so while there are messages whose payload is no map, has something behind it, or is
        large: this is also the way on which large frames are not copied.
        """
        for _ in range(most):
            if not self._deliver_whole(socket, consumer, flags):
                return False
            if self._changed or time.monotonic() >= due or not (self._wary or socket.held):
                break
        return True

    def _expect_large(self) -> None:
        """Read with care, so that large frames are not copied."""
        from banyan.transport.heap import keep_freed_memory

        keep_freed_memory()
        self._wary = _WARY_FOR

    def _look_again(
        self, socket: SubscriberSocket, blind: list[bytes | None], topic: str | None = None
    ) -> None:
        """Find out where messages end after one that does not tell; it is delivered next.

        `blind` are the frames read without asking. The first may be the stamp of the message
        before, on `topic`.
        """
        read = [frame for frame in blind if frame is not None] + socket.rest_of_message(_REST)
        link, unasked = self._links.get(socket), len(blind)
        if (fields := stamp.split(read[0])) is not None:
            if link is not None:
                link.last_topic = topic if topic is not None else link.last_topic
                socket.hold([] if self._adopt(link, fields) else [read[:1]])
            read, unasked = read[1:], unasked - 1
        elif link is not None:
            link.last_topic = None
        if read:
            socket.hold(boundaries.divide(read, unasked, link.topics if link else ()))
        self._wary = _WARY_FOR

    def _adopt(self, link: Link, fields: stamp.Fields) -> bool:
        """Take a stamp that came alone for that of the message before it."""
        self._changed = True  # from now on three frames are read at a time
        return self.stamps.adopt(link, fields)

    def _deliver_whole(self, socket: SubscriberSocket, consumer: Consumer, flags: int) -> bool:
        """Deliver one message, or at a ring of the bell do what is asked; False without one."""
        was_held = bool(socket.held)
        try:
            message = socket.next_message(flags)
        except zmq.Again:
            return False
        if is_reserved(message[0]):
            self._changed = True
            socket.heed(message)
            self._do_actions()
        else:
            self._open_warily(
                self._links[socket], message, consumer, settles=was_held and not socket.held
            )
        return True

    def _open_warily(
        self, link: Link, message: Frames, consumer: Consumer, *, settles: bool
    ) -> None:
        """Open one message; it `settles` what was read before a subscription if it was the last."""
        if not self._announced:
            self._announced = True
            if self._announce is not None:
                self._announce()
        self.stamps.current = None
        fields = stamp.split(message[-1])
        admitted = fields is None or self._admit_warily(link, message, fields, consumer)
        if settles:
            link.sequences.settle()
        if not admitted:
            self._dropped_bytes += sum(map(len, message[:2]))
            return
        try:
            topic, payload = frames.unpack(
                message, arrays=consumer.component.numpy, resolve=self._resolve
            )
        except DecodeError as error:
            self._counters.undecodable += 1
            consumer.undecodable(message[0], error, str(link))
            return
        except SharedGapError as error:
            self._counters.recycled += 1
            consumer.missed(message[0], error, str(link))
            return
        except SharedElsewhereError as error:
            self._counters.elsewhere += 1
            consumer.missed(message[0], error, str(link))
            return
        plain = len(message) == 2 or (len(message) == 3 and fields is not None)
        ordinary = plain and type(payload) is dict and type(message[1]) is bytes
        self._wary = max(0, self._wary - 1) if ordinary else _WARY_FOR
        self._counters.received += 1
        self._counters.received_bytes += len(message[0]) + len(message[1])
        consumer.deliver(link, topic, payload)

    def _admit_warily(
        self, link: Link, message: Frames, fields: stamp.Fields, consumer: Consumer
    ) -> bool:
        """Take note of a stamp; return whether there is a message to go on with."""
        if len(message) == 1:
            return not self._adopt(link, fields)
        link.last_topic = None
        try:
            topic = open_topic(message[0])
        except DecodeError:
            topic = None
        if len(message) == 2 or topic is None:
            return True
        if not link.stamped:
            link.stamped = self._changed = True
        return self.stamps.admit(link, topic, message[0], fields, consumer)

    def _resolve(self, body: bytes, *, arrays: bool) -> Payload:
        """Return the payload whose large data lie in shared memory."""
        if self._rings is None:
            from banyan.shared.rings import Rings

            self._rings = Rings()
        return self._rings.unpack(body, arrays=arrays)

    def _do_actions(self) -> None:
        while self._actions:
            self._actions.pop(0)()
