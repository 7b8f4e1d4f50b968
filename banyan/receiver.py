"""The receive loop of a component: waits, decodes, hands over; the only user of its SUB sockets."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import zmq

from banyan import limits
from banyan.counters import Counters
from banyan.errors import BanyanError, DecodeError, SharedElsewhereError, SharedGapError
from banyan.transport.bell import Bell
from banyan.transport.flood import FloodWatch
from banyan.transport.link import Link
from banyan.transport.sockets import open_subscriber
from banyan.transport.subscriber import NOBLOCK, Frames, SubscriberSocket, receive_frame
from banyan.wire import codec, frames, handle
from banyan.wire.codec import Payload
from banyan.wire.topics import is_reserved, open_topic

if TYPE_CHECKING:
    from banyan.shared.rings import Rings

_FAIR_SHARE: Final = 100
"""Messages taken from one backplane before the others are looked at."""

_LONG_RUN: Final = 10_000
"""Messages taken in a row where there is only one backplane."""

_WARY_FOR: Final = 100
"""Messages read with care after one that did not tell where it ends."""

_TURN_S: Final = 0.05
"""How often a thread that waits for its action looks whether it may run it itself."""

_SHORTEST_PAUSE_S: Final = 0.001
"""A pause below it would be a busy loop: libzmq counts milliseconds."""


class HasNumpy(Protocol):
    """A component, as far as decoding is concerned; it may turn its switch at any time."""

    numpy: bool


class Consumer(Protocol):
    """What the loop needs of the component it receives for."""

    @property
    def component(self) -> HasNumpy: ...
    def deliver(self, link: Link, topic: str, payload: Payload) -> None: ...
    def undecodable(self, topic: bytes, error: DecodeError, source: str) -> None: ...
    def missed(self, topic: bytes, error: BanyanError, source: str) -> None: ...
    def idle(self) -> None: ...
    def pause(self) -> float: ...


class Receiver:
    """Receives in whichever thread calls `run`; meanwhile, others hand it what they want done."""

    def __init__(self, context: zmq.Context[Any], counters: Counters, flood: FloodWatch) -> None:
        self._context = context
        self._counters = counters
        self._flood = flood
        self._bell = Bell(context)
        self._ear: SubscriberSocket | None = None
        self._links: dict[SubscriberSocket, Link] = {}
        self._poller = zmq.Poller()
        # Held by whoever uses the SUB sockets: they may change threads, but never be shared.
        self._owner = threading.RLock()
        self._looping_in: int | None = None
        self._finish: Callable[[], None] | None = None
        self._changed = False
        self._wary = 0
        self._rings: Rings | None = None
        self._actions: list[Callable[[], None]] = []
        self._stop_requested = False
        self._closed = False

    def add(self, link: Link) -> None:
        """Receive from one more link; it may not be subscribed to anything yet."""
        if link.subscriber is not None:
            self._changed = True
            self._bell.reach(link.subscriber)
            self._links[link.subscriber] = link
            self._poller.register(link.subscriber, zmq.POLLIN)

    def remove(self, link: Link) -> None:
        """Receive from a link no more."""
        if link.subscriber is not None:
            self._changed = True
            del self._links[link.subscriber]
            self._poller.unregister(link.subscriber)

    def run(self, consumer: Consumer) -> None:
        """Hand every message to the consumer until `stop`; blocks while there is none.

        `idle` is called about every `pause()` seconds while no message is waiting. Exceptions of
        the consumer leave the loop; no message is taken out of a socket before the one ahead of
        it is handled.
        """
        with self._running():
            due = math.inf
            while not self._stop_requested:
                due = min(due, time.monotonic() + max(consumer.pause(), _SHORTEST_PAUSE_S))
                serve = self._serve_many if len(self._links) > 1 else self._serve_one
                if not serve(consumer, due) and time.monotonic() >= due:
                    consumer.idle()
                    due = math.inf

    def stop(self) -> None:
        """Make `run` return after the message in hand; from any thread or a handler.

        Called before `run`, it makes the next one return at once: no request gets lost.
        """
        self._stop_requested = self._changed = True
        self.wake()

    def wake(self) -> None:
        """Make the loop, if it runs, look at its flag and ask again how long it may wait."""
        if self._looping_in is not None:
            self._bell.ring()

    def call(self, action: Callable[[], None]) -> None:
        """Run an action where the SUB sockets may be touched, and wait for it."""
        if self._owner.acquire(blocking=False):
            with self._owned():
                action()
            return
        done: futures.Future[None] = futures.Future()
        self._actions.append(lambda: _fulfil(done, action))
        self._bell.ring()
        while not futures.wait([done], _TURN_S).done:
            if self._owner.acquire(blocking=False):  # the loop has ended meanwhile
                with self._owned():
                    self._do_actions()
        done.result()

    def end(self, finish: Callable[[], None]) -> None:
        """End the loop, then call `finish`, which closes the sockets.

        Waits `limits.LINGER_MS` at most for a loop in another thread. A handler, or a signal
        handler that interrupted the loop, cannot wait for it: there `finish` comes when it ends.
        """
        self._closed = True
        self.stop()
        if self._looping_in == threading.get_ident():
            self._finish = finish
            return
        if self._owner.acquire(timeout=limits.LINGER_MS / 1000):
            self._owner.release()
        finish()

    def close(self) -> None:
        """Close what the receiver opened itself."""
        self._bell.close()
        if self._rings is not None:
            self._rings.close()
        if self._ear is not None:
            self._ear.close()

    def _serve_one(self, consumer: Consumer, due: float) -> bool:
        """Deliver what the only socket has, waiting in it; False if it is `due` and quiet."""
        socket = next(iter(self._links), None) or self._listen_for_bell()
        socket.wait_at_most(_milliseconds_until(due))
        return self._deliver(socket, consumer, 0, _LONG_RUN, due)

    def _serve_many(self, consumer: Consumer, due: float) -> bool:
        """Deliver what several sockets have, each its fair share; False if `due` and quiet."""
        held = [socket for socket in self._links if socket.held]
        events = self._poller.poll(0 if held else _milliseconds_until(due))
        for socket in held + [socket for socket, _ in events if not socket.held]:
            if socket in self._links and not self._stop_requested:
                self._deliver(socket, consumer, NOBLOCK, _FAIR_SHARE, math.inf)
        return bool(held or events)

    def _deliver(
        self, socket: SubscriberSocket, consumer: Consumer, flags: int, most: int, due: float
    ) -> bool:
        """Deliver at most so many messages, until it is `due` or something changes.

        Returns False when there are no more. Every message passes here, so nothing is done that
        can be left out: libzmq is not asked where messages end as long as every payload proves
        it by being a map (see `frames.realign`). Asking takes as long as all the rest.
        """
        link, held = cast(Link, self._links.get(socket)), socket.held
        component, deliver, counters = consumer.component, consumer.deliver, self._counters
        decode, flood = codec.decode, self._flood
        clock = time.monotonic if due < math.inf else None
        self._changed = self._stop_requested
        for _ in range(most):
            if self._wary or held:
                if not self._deliver_warily(socket, consumer, flags):
                    return False
            else:
                body: bytes | None = None
                try:
                    head: bytes = receive_frame(socket, flags)
                except zmq.Again:
                    return False
                try:
                    body = receive_frame(socket, NOBLOCK)
                    payload = decode(body, component.numpy)
                    topic = open_topic(head)
                except (zmq.Again, DecodeError):
                    topic = payload = None
                except BaseException:  # of a signal handler
                    self._look_again(socket, head, body)
                    raise
                if (
                    topic is None
                    or body is None
                    or type(payload) is not dict
                    or handle.KEY in payload
                ):
                    self._look_again(socket, head, body)
                else:
                    if len(body) >= limits.LARGE_FRAME_BYTES:
                        self._expect_large()
                    counters.received += 1
                    if not counters.received & flood.mask:
                        flood.look()
                    deliver(link, topic, payload)
            if self._changed or (clock is not None and clock() >= due):
                break
        return True

    def _expect_large(self) -> None:
        """Read with care, so that large frames are not copied."""
        from banyan.transport.heap import keep_freed_memory

        keep_freed_memory()
        self._wary = _WARY_FOR

    def _look_again(self, socket: SubscriberSocket, head: bytes, body: bytes | None) -> None:
        """Find out where messages end after one that does not tell; it is delivered next."""
        read = [head, *([] if body is None else [body]), *socket.rest_of_message()]
        link = self._links.get(socket)
        socket.hold(frames.realign(read, link.topics if link else ()))
        self._wary = _WARY_FOR

    def _deliver_warily(self, socket: SubscriberSocket, consumer: Consumer, flags: int) -> bool:
        """Deliver one message that is known to be whole; at a ring of the bell, do what is asked.

        Stays so while there are messages whose payload is no map, has something behind it, or is
        large: this is also the way on which large frames are not copied. Returns False when there
        is no message.
        """
        try:
            message = socket.next_message(flags)
        except zmq.Again:
            return False
        if is_reserved(message[0]):
            self._changed = True
            self._do_actions()
        else:
            self._open_warily(self._links[socket], message, consumer)
        return True

    def _open_warily(self, link: Link, message: Frames, consumer: Consumer) -> None:
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
        ordinary = len(message) == 2 and type(payload) is dict and type(message[1]) is bytes
        self._wary = max(0, self._wary - 1) if ordinary else _WARY_FOR
        self._counters.received += 1
        consumer.deliver(link, topic, payload)

    def _resolve(self, body: bytes, *, arrays: bool) -> Payload:
        """Return the payload whose large data lie in shared memory."""
        if self._rings is None:
            from banyan.shared.rings import Rings

            self._rings = Rings()
        return self._rings.unpack(body, arrays=arrays)

    def _listen_for_bell(self) -> SubscriberSocket:
        """Return a socket to wait in where no backplane sends anything."""
        if self._ear is None:
            self._ear = open_subscriber(self._context)
            self._bell.reach(self._ear)
        return self._ear

    def _do_actions(self) -> None:
        while self._actions:
            self._actions.pop(0)()

    @contextlib.contextmanager
    def _owned(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._owner.release()

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        if not self._owner.acquire(timeout=limits.LINGER_MS / 1000):
            raise RuntimeError("receive_loop() is already running in another thread")
        with self._owned():
            if self._looping_in is not None:
                raise RuntimeError("receive_loop() was called by a handler it is running")
            self._looping_in = threading.get_ident()
            try:
                yield
            finally:
                self._looping_in = None
                self._stop_requested = self._closed
                self._do_actions()
                for socket in self._links:
                    socket.wait_at_most(-1)
                if self._finish is not None:
                    self._finish()


def _milliseconds_until(due: float) -> int:
    """Return how long to wait; rounded up, or the last millisecond would be a busy loop."""
    return math.ceil(max(0, min(due - time.monotonic(), limits.TICK_S)) * 1000)


def _fulfil(done: futures.Future[None], action: Callable[[], None]) -> None:
    try:
        action()
    except Exception as error:
        done.set_exception(error)
    except BaseException as error:  # Ctrl-C is for the thread that it interrupted, too
        done.set_exception(error)
        raise
    else:
        done.set_result(None)
