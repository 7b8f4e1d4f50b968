"""What all base classes share: links to backplanes, publishing, the receive loop, closing.

Nothing of python_banyan's API is known here; the base classes translate it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import zmq

from banyan import diagnosis, limits, statistics
from banyan.counters import Counters
from banyan.errors import BanyanError, ClosedError, DecodeError, SettingError
from banyan.intake import Intake
from banyan.logs import QuietLog
from banyan.lookout import look_after
from banyan.reader import Consumer
from banyan.receiver import Receiver
from banyan.refusals import Refusals
from banyan.sequences import Stamper
from banyan.transport import handshake
from banyan.transport.flood import FloodWatch
from banyan.transport.link import Link
from banyan.transport.sender import Sender
from banyan.wire import frames
from banyan.wire.topics import encode_topic

if TYPE_CHECKING:
    from banyan.keys.key_file import Credentials
    from banyan.shared.ring import Ring

logger = logging.getLogger("banyan")


class Session:
    """The links of one component and all that happens on them.

    Publishing is safe from any thread. Receiving happens in whichever thread calls `receive`;
    while it does, subscriptions asked for by other threads are handed over to it.
    """

    def __init__(
        self, name: str = "", *, stamped: bool | None = None, max_message_bytes: int = 0
    ) -> None:
        self.name = name
        self._max_received = max(limits.MAX_RECEIVED_BYTES, max_message_bytes)
        self._stamped = wants_stamps() if stamped is None else stamped
        self.context: zmq.Context[Any] = zmq.Context()
        self.links: list[Link] = []
        self.counters = Counters()
        self.closed = False
        self._flood = FloodWatch(self.context)
        self.receiver = Receiver(self.context, self.counters, self._flood)
        self._log = QuietLog(logger)
        self._refusals = Refusals(self.counters, self._log)
        self._senders: dict[int, Sender] = {}
        self._ring: Ring | None = None
        self._making_ring = threading.RLock()
        self._started = time.monotonic()
        self._past_reconnects = 0
        self._intake: Intake | None = None
        self.counters._count_reconnects = self._reconnects
        statistics.include(self)

    # --- links ------------------------------------------------------------------------------

    def open_link(
        self,
        address: str,
        subscriber_port: str | int | None,
        publisher_port: str | int | None,
        *,
        name: str = "",
        credentials: Credentials | None = None,
    ) -> Link:
        """Open the sockets to one backplane; call `prove` before relying on them."""
        link = Link(
            self.context,
            address,
            subscriber_port,
            publisher_port,
            name=name,
            credentials=credentials,
            max_message_bytes=self._max_received,
        )
        self._refusals.watch(link)
        self._expect_stamps(link)
        self.links.append(link)
        self.receiver.add(link)
        return link

    def _expect_stamps(self, link: Link) -> None:
        """Have a stamped component's messages stamped, and expect others' to be."""
        link.stamped = self._stamped
        if link.sender is not None and self._stamped:
            link.sender.stamper = Stamper()

    def close_link(self, link: Link) -> None:
        """Close the sockets to one backplane."""
        self.links.remove(link)
        self.receiver.remove(link)
        self._senders.pop(id(link.publisher), None)
        link.close()
        self._past_reconnects += link.reconnects

    def prove(self, links: Iterable[Link], timeout: float) -> None:
        """Wait until the links are proven; warn of those that are not, and go on."""
        silent = handshake.prove(links, timeout)
        if silent:
            diagnosis.warn_of(silent, timeout)

    def subscribe(self, link: Link, topic: str) -> None:
        """Subscribe and wait until the backplane knows of it, unless it was silent before."""
        self._check_open()

        def action() -> None:
            link.subscribe(topic)
            if link.proven:
                self.prove([link], limits.PROOF_TIMEOUT_S)
            else:
                handshake.prove([link], limits.PROOF_INTERVAL_MS / 1000)
            self._refusals.look(link)

        self.receiver.call(action)

    def unsubscribe(self, link: Link, topic: str) -> None:
        """Give a topic back."""
        self._check_open()
        self.receiver.call(lambda: link.unsubscribe(topic))

    # --- publishing -------------------------------------------------------------------------

    def publish(
        self,
        publishers: tuple[zmq.Socket[Any], ...],
        topic: object,
        payload: object,
        arrays: bool,
        max_bytes: int,
        shared: bool,
    ) -> None:
        """Pack one message and send it on each socket; waits while a backplane is behind.

        With `shared`, large data stay in shared memory, if there is room for them.
        """
        if self.closed:
            raise _closed()
        pack = self._pack_shared if shared else frames.pack
        head, body = pack(topic, payload, arrays, max_bytes)
        counters = self.counters
        for publisher in publishers:
            sender = self._senders.get(id(publisher)) or self.sender(publisher)
            if sender.granted is not None and not sender.granted.may_publish(head):
                self._refusals.publishing(sender.granted, head)
            if sender.send(head, body):
                counters.published = published = counters.published + 1
                counters.published_bytes += len(head) + len(body)
                if not published & self._flood.mask:
                    self._flood.look()
            else:
                self._give_up(topic)

    def _pack_shared(
        self, topic: object, payload: object, arrays: bool, max_bytes: int
    ) -> tuple[bytes, bytes]:
        head = encode_topic(topic)
        ring = self._ring or self._make_ring()
        body = ring.pack(payload, arrays=arrays, max_bytes=max_bytes)
        return frames.pack(topic, payload, arrays, max_bytes) if body is None else (head, body)

    def _make_ring(self) -> Ring:
        from banyan.shared.ring import Ring

        with self._making_ring:
            self._ring = self._ring or Ring(self.counters)
            return self._ring

    def sender(self, publisher: zmq.Socket[Any]) -> Sender:
        """Return what sends on a socket, one for each: it holds the socket's lock."""
        own = (link.sender for link in self.links if link.publisher is publisher)
        # One operation, as several threads may ask. The sender keeps the socket, so that its id
        # belongs to no other.
        sender = next(own, None) or self._make_sender(publisher)
        return self._senders.setdefault(id(publisher), sender)

    def _make_sender(self, publisher: zmq.Socket[Any]) -> Sender:
        sender = Sender(publisher)
        if self._stamped:
            sender.stamper = Stamper()
        return sender

    def _give_up(self, topic: object) -> None:
        if self.closed:
            raise _closed()
        self._look_at_links()
        self.counters.given_up += 1
        self._log.warning(
            "given up",
            "gave up a message on %r: the queue to the backplane is full and does not move;"
            " is the backplane running?",
            topic,
        )

    # --- receiving --------------------------------------------------------------------------

    def receive(self, consumer: Consumer) -> None:
        """Hand every message to a consumer until `stop`."""
        self._check_open()
        self.receiver.run(consumer)

    def log_undecodable(self, topic: bytes, error: DecodeError, source: str) -> None:
        """Log that a message was dropped, unless the same was logged a moment ago."""
        self._log.warning(
            f"undecodable from {source}",
            "dropped an undecodable message on %r from %s: %s",
            topic[:100],
            source,
            error,
        )

    def log_missed(self, topic: bytes, error: BanyanError, source: str) -> None:
        """Log that data in shared memory were missed, unless the same was logged a moment ago."""
        self._log.warning(
            f"missed {type(error).__name__} from {source}",
            "missed a message on %r from %s: %s",
            topic[:100],
            source,
            error,
        )

    def log_gap(self, topic: str, publisher: str, missed: int) -> None:
        """Log that messages are missing, unless the same was logged a moment ago."""
        self._log.warning(
            "gap",
            "missed %d message%s on %r of publisher %s; %d missed in all",
            missed,
            "" if missed == 1 else "s",
            topic[:100],
            publisher,
            self.counters.missed,
        )

    def bound_queue(self, most_bytes: int) -> None:
        """Have the connections cut when messages that wait for the loop take more memory."""
        self._intake = Intake(
            lambda: list(self.links), self.receiver, self.counters, limit=most_bytes
        )
        self.receiver.on_traffic(self._look_after_queue)

    def _look_after_queue(self) -> None:
        if self._intake is not None:
            look_after(self._intake)

    # --- statistics -------------------------------------------------------------------------

    def statistics(self) -> dict[str, Any]:
        """Return what is known of this component; from any thread or a signal handler."""
        return {
            "name": self.name,
            "pid": os.getpid(),
            "uptime_s": round(time.monotonic() - self._started, 3),
            **self.counters.as_dict(),
            "waiting_bytes": self._intake.waiting if self._intake is not None else 0,
            "links": [_link_statistics(link) for link in list(self.links)],
        }

    def _look_at_links(self) -> None:
        """Read what was reported of connections: unread reports would pile up."""
        for link in list(self.links):
            link.look()

    def _reconnects(self) -> int:
        return self._past_reconnects + sum(link.reconnects for link in list(self.links))

    # --- the end ----------------------------------------------------------------------------

    def close(self) -> None:
        """Close everything. Harmless when called twice; ends within `limits.LINGER_MS`."""
        if self.closed:
            return
        self.closed = True
        statistics.leave_out(self)
        if self._intake is not None:
            self._intake.close()
        self.receiver.end(self._close_sockets)

    # --- inside -----------------------------------------------------------------------------

    def _close_sockets(self) -> None:
        if self._ring is not None:
            self._ring.close()
        for link in self.links:
            link.close()
        self.receiver.close()
        # Sockets the program made in this context would otherwise hold it for ever.
        self.context.destroy(linger=limits.LINGER_MS)

    def _check_open(self) -> None:
        if self.closed:
            raise _closed()


def _link_statistics(link: Link) -> dict[str, Any]:
    return {
        "backplane": link.name,
        "address": link.address,
        "connected": link.connected,
        "reconnects": link.reconnects,
        "failure": link.failure,
    }


def wants_stamps() -> bool:
    """Return what BANYAN_STAMPED says; raise SettingError if it is neither 1 nor 0."""
    value = os.environ.get("BANYAN_STAMPED", "")
    if value not in ("", "0", "1"):
        raise SettingError(f"BANYAN_STAMPED must be 1 or 0, not {value[:100]!r}")
    return value == "1"


def _closed() -> ClosedError:
    return ClosedError("this component is closed: clean_up() was called")
