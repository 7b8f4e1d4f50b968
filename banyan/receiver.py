"""The receive loop of a component: waits, decodes, hands over; the only user of its SUB sockets."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import TYPE_CHECKING, Any, Final

import zmq

from banyan import limits
from banyan.counters import Counters
from banyan.reader import Consumer, Reader
from banyan.transport.bell import Bell
from banyan.transport.flood import FloodWatch
from banyan.transport.link import Link
from banyan.transport.sockets import open_subscriber
from banyan.transport.subscriber import NOBLOCK, SubscriberSocket

if TYPE_CHECKING:
    pass

_FAIR_SHARE: Final = 100
"""Messages taken from one backplane before the others are looked at."""

_LONG_RUN: Final = 10_000
"""Messages taken in a row where there is only one backplane."""

_TURN_S: Final = 0.05
"""How often a thread that waits for its action looks whether it may run it itself."""

_SHORTEST_PAUSE_S: Final = 0.001
"""A pause below it would be a busy loop: libzmq counts milliseconds."""


class Receiver(Reader):
    """Receives in whichever thread calls `run`; meanwhile, others hand it what they want done."""

    def __init__(self, context: zmq.Context[Any], counters: Counters, flood: FloodWatch) -> None:
        super().__init__(counters, flood)
        self._context = context
        self._bell = Bell(context)
        self._ear: SubscriberSocket | None = None
        self._poller = zmq.Poller()
        # Held by whoever uses the SUB sockets: they may change threads, but never be shared.
        self._owner = threading.RLock()
        self._looping_in: int | None = None
        self._finish: Callable[[], None] | None = None
        self._closed = False

    def on_traffic(self, announce: Callable[[], None]) -> None:
        """Have `announce` called, in the loop, with the first message of each loop."""
        self._announce = announce

    def announce_next(self) -> None:
        """Announce the next message as well; only in the loop's thread, as by `soon`."""
        self._announced, self._wary = False, max(1, self._wary)

    @property
    def running(self) -> bool:
        """Whether a loop runs, in whichever thread."""
        return self._looping_in is not None

    @property
    def empty(self) -> bool:
        """Whether no message waits; only in the loop's thread."""
        return not any(socket.held or socket.readable(0) for socket in self._links)

    @property
    def uncounted_bytes(self) -> int:
        """Bytes that were taken out of the sockets and are no part of messages received."""
        own = sum(socket.uncounted_bytes for socket in list(self._links))
        return own + self._dropped_bytes + self.stamps.bytes

    def soon(self, action: Callable[[], None]) -> None:
        """Run an action in the loop, between two messages, without waiting for it."""
        self._actions.append(action)
        self.wake()

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
            self.announce_next()
            while not self._stop_requested:
                due = min(due, time.monotonic() + max(consumer.pause(), _SHORTEST_PAUSE_S))
                serve = self._serve_many if len(self._links) > 1 else self._serve_one
                if not serve(consumer, due):
                    self._read_reports()
                    if time.monotonic() >= due:
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
                self._changed = True  # if a handler asks
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

    def _read_reports(self) -> None:
        """Read what was reported of connections: unread reports would pile up."""
        for link in self._links.values():
            link.look()

    def _listen_for_bell(self) -> SubscriberSocket:
        """Return a socket to wait in where no backplane sends anything."""
        if self._ear is None:
            self._ear = open_subscriber(self._context)
            self._bell.reach(self._ear)
        return self._ear

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
