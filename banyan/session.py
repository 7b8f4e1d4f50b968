"""What all base classes share: links to backplanes, publishing, the receive loop, closing.

Nothing of python_banyan's API is known here; the base classes translate it.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

import zmq

from banyan import limits
from banyan.errors import ClosedError, DecodeError
from banyan.logs import QuietLog
from banyan.transport import discovery, handshake
from banyan.transport.link import Link
from banyan.transport.sender import Sender
from banyan.wire import frames
from banyan.wire.codec import Payload
from banyan.wire.topics import is_reserved

logger = logging.getLogger("banyan")

_FAIR_SHARE: Final = 100
"""Messages taken from one backplane before the others are looked at."""


@dataclass(slots=True)
class Counters:
    """What a component has done so far, in messages."""

    published: int = 0
    received: int = 0
    undecodable: int = 0
    given_up: int = 0
    """Not published: the queue to the backplane stayed full."""


class Session:
    """The links of one component and all that happens on them.

    Publishing is safe from any thread. Receiving happens in whichever thread calls `receive`;
    while it does, subscriptions asked for by other threads are handed over to it.
    """

    def __init__(self) -> None:
        self.context: zmq.Context[Any] = zmq.Context()
        self.links: list[Link] = []
        self.counters = Counters()
        self.closed = False
        self._log = QuietLog(logger)
        self._report: Callable[[bytes, DecodeError, str], object] = self.log_undecodable
        self._senders: dict[int, Sender] = {}
        self._loop_thread: int | None = None
        self._loop_lock = threading.Lock()
        self._actions: list[Callable[[], None]] = []
        self._stop_requested = False
        self._bell, self._doorbell = socket.socketpair()
        self._bell.setblocking(False)
        self._doorbell.setblocking(False)
        self._poller = zmq.Poller()

    # --- links ------------------------------------------------------------------------------

    def open_link(
        self,
        address: str,
        subscriber_port: str | int | None,
        publisher_port: str | int | None,
        *,
        name: str = "",
    ) -> Link:
        """Open the sockets to one backplane; call `prove` before relying on them."""
        link = Link(self.context, address, subscriber_port, publisher_port, name=name)
        self.links.append(link)
        self._watch()
        return link

    def close_link(self, link: Link) -> None:
        """Close the sockets to one backplane."""
        self.links.remove(link)
        self._watch()
        self._senders.pop(id(link.publisher), None)
        link.close()

    def prove(self, links: Iterable[Link], timeout: float) -> None:
        """Wait until the links are proven; warn of those that are not, and go on."""
        for link in handshake.prove(links, timeout):
            logger.warning(_not_proven(link, timeout))

    def subscribe(self, link: Link, topic: str) -> None:
        """Subscribe and wait until the backplane knows of it, unless it was silent before."""
        self._check_open()

        def action() -> None:
            link.subscribe(topic)
            if link.proven:
                self.prove([link], limits.PROOF_TIMEOUT_S)
            else:
                handshake.prove([link], limits.PROOF_INTERVAL_MS / 1000)

        self.in_loop(action)

    def unsubscribe(self, link: Link, topic: str) -> None:
        """Give a topic back."""
        self._check_open()
        self.in_loop(lambda: link.unsubscribe(topic))

    # --- publishing -------------------------------------------------------------------------

    def publish(
        self,
        publishers: Iterable[zmq.Socket[Any]],
        topic: object,
        payload: object,
        *,
        arrays: bool,
        max_bytes: int,
    ) -> None:
        """Pack one message and send it on each socket; waits while a backplane is behind."""
        self._check_open()
        topic_frame, body = frames.pack(topic, payload, arrays=arrays, max_bytes=max_bytes)
        for publisher in publishers:
            if self.sender(publisher).send(topic_frame, body):
                self.counters.published += 1
            else:
                self._give_up(topic)

    def sender(self, publisher: zmq.Socket[Any]) -> Sender:
        """Return what sends on a socket, one for each: it holds the socket's lock."""
        sender = self._senders.get(id(publisher))
        if sender is None or sender.socket is not publisher:
            own = (link.sender for link in self.links if link.publisher is publisher)
            sender = next(own, None) or Sender(publisher)
            sender = self._senders.setdefault(id(publisher), sender)
        return sender

    def _give_up(self, topic: object) -> None:
        self.counters.given_up += 1
        self._log.warning(
            "given up",
            "gave up a message on %r: the queue to the backplane is full and does not move;"
            " is the backplane running?",
            topic,
        )

    # --- receiving --------------------------------------------------------------------------

    def receive(
        self,
        deliver: Callable[[Link, str, Payload], None],
        idle: Callable[[], None],
        *,
        arrays: Callable[[], bool],
        pause: Callable[[], float],
        undecodable: Callable[[bytes, DecodeError, str], object] | None = None,
    ) -> None:
        """Hand every message to `deliver` until `stop`; blocks in poll while there is none.

        `idle` is called when nothing has arrived for `pause()` seconds, `undecodable` for what is
        dropped. Exceptions of all three leave the loop; no message is taken out of a socket before
        the one ahead of it is handled.
        """
        self._check_open()
        self._report = undecodable or self.log_undecodable
        with self._looping():
            while not self._stop_requested:
                ready = self._wait(pause())
                if ready is None:
                    idle()
                for link in ready or ():
                    self._take(link, deliver, arrays)

    def stop(self) -> None:
        """Make `receive` return after the message in hand; from any thread or a handler.

        Called before `receive`, it makes the next one return at once: no request gets lost.
        """
        self._stop_requested = True
        self._ring()

    def in_loop(self, action: Callable[[], None]) -> None:
        """Run an action where the subscriber sockets may be touched, and wait for it."""
        with self._loop_lock:
            handed_over = self._loop_thread not in (None, threading.get_ident())
            done: Future[None] = Future()
            if handed_over:
                self._actions.append(lambda: _fulfil(done, action))
        if not handed_over:
            action()
            return
        self._ring()
        done.result()

    def log_undecodable(self, topic: bytes, error: DecodeError, source: str) -> None:
        """Log that a message was dropped, unless the same was logged a moment ago."""
        self._log.warning(
            f"undecodable from {source}",
            "dropped an undecodable message on %r from %s: %s",
            topic[:100],
            source,
            error,
        )

    # --- the end ----------------------------------------------------------------------------

    def close(self) -> None:
        """Close everything. Harmless when called twice; ends within `limits.LINGER_MS`."""
        if self.closed:
            return
        self.closed = True
        self.stop()
        self._wait_for_loop()
        for link in self.links:
            link.close()
        self._bell.close()
        self._doorbell.close()
        # Sockets the program made in this context would otherwise hold it for ever.
        self.context.destroy(linger=limits.LINGER_MS)

    # --- inside -----------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self.closed:
            raise ClosedError("this component is closed: clean_up() was called")

    def _watch(self) -> None:
        poller = zmq.Poller()
        poller.register(self._doorbell.fileno(), zmq.POLLIN)
        for link in self.links:
            if link.subscriber is not None:
                poller.register(link.subscriber, zmq.POLLIN)
        self._poller = poller

    def _wait(self, pause: float) -> list[Link] | None:
        """Return the links that have messages, none if woken for something else, None if idle."""
        held = any(link.subscriber and link.subscriber.has_held() for link in self.links)
        # Rounded up: a pause under a millisecond must not become a loop without one.
        timeout = 0 if held else max(1, int(pause * 1000))
        events = dict(self._poller.poll(timeout))
        if not events and not held:
            return None
        if self._doorbell.fileno() in events:
            self._answer_bell()
        return [
            link
            for link in self.links
            if link.subscriber and (link.subscriber in events or link.subscriber.has_held())
        ]

    def _take(
        self,
        link: Link,
        deliver: Callable[[Link, str, Payload], None],
        arrays: Callable[[], bool],
    ) -> None:
        """Deliver what one link has, up to its fair share."""
        for _ in range(_FAIR_SHARE):
            subscriber = link.subscriber
            if self._stop_requested or subscriber is None:
                return
            try:
                message = subscriber.next_message()
            except zmq.Again:
                return
            if is_reserved(message[0]):
                continue
            try:
                topic, payload = frames.unpack(message, arrays=arrays())
            except DecodeError as error:
                self._drop(link, message[0], error)
                continue
            self.counters.received += 1
            link.fit_queue(len(message[1]))
            deliver(link, topic, payload)

    def _drop(self, link: Link, topic: bytes, error: DecodeError) -> None:
        self.counters.undecodable += 1
        self._report(topic, error, str(link))

    @contextlib.contextmanager
    def _looping(self) -> Iterator[None]:
        with self._loop_lock:
            if self._loop_thread is not None:
                raise RuntimeError("receive_loop() is already running in another thread")
            self._loop_thread = threading.get_ident()
            self._loop_ended = threading.Event()
        try:
            yield
        finally:
            with self._loop_lock:
                self._loop_thread = None
                self._stop_requested = self.closed
            self._do_actions()
            self._loop_ended.set()

    def _ring(self) -> None:
        # Full means that the loop is already called; closed, that there is none.
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")

    def _answer_bell(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._doorbell.recv(4096)
        self._do_actions()

    def _do_actions(self) -> None:
        while self._actions:
            self._actions.pop(0)()

    def _wait_for_loop(self) -> None:
        if self._loop_thread not in (None, threading.get_ident()):
            self._loop_ended.wait(limits.LINGER_MS / 1000)


def _fulfil(done: Future[None], action: Callable[[], None]) -> None:
    try:
        action()
    except BaseException as error:
        done.set_exception(error)
    else:
        done.set_result(None)


def _not_proven(link: Link, timeout: float) -> str:
    """Say which ends were tried, what stands there and what to do."""
    ends = (("publish", link.publisher_url), ("subscribe", link.subscriber_url))
    found = []
    for purpose, url in ends:
        if url:
            address, _, port = url.removeprefix("tcp://").rpartition(":")
            state = discovery.greeting(address, port, min(timeout, 0.5))
            found.append(f"{url} to {purpose}: {state}")
    return (
        f"no answer from {link} within {timeout:g} s ({'; '.join(found)}). Going on: it is joined "
        "as soon as it answers; until then messages get lost. Start it there by typing "
        "`backplane`, or check the address and the ports."
    )
