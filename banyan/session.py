"""What all base classes share: links to backplanes, publishing, the receive loop, closing.

Nothing of python_banyan's API is known here; the base classes translate it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import zmq

from banyan import limits
from banyan.counters import Counters
from banyan.errors import BanyanError, ClosedError, DecodeError
from banyan.logs import QuietLog
from banyan.receiver import Consumer, Receiver
from banyan.transport import discovery, handshake
from banyan.transport.flood import FloodWatch
from banyan.transport.link import Link
from banyan.transport.sender import Sender
from banyan.wire import frames
from banyan.wire.topics import encode_topic

if TYPE_CHECKING:
    from banyan.shared.ring import Ring

logger = logging.getLogger("banyan")

_DIAGNOSIS_S: Final = 0.5
"""How long a warning may take to find out what stands at an address that did not answer."""


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
        self._flood = FloodWatch(self.context)
        self.receiver = Receiver(self.context, self.counters, self._flood)
        self._log = QuietLog(logger)
        self._senders: dict[int, Sender] = {}
        self._ring: Ring | None = None
        self._making_ring = threading.RLock()

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
        self.receiver.add(link)
        return link

    def close_link(self, link: Link) -> None:
        """Close the sockets to one backplane."""
        self.links.remove(link)
        self.receiver.remove(link)
        self._senders.pop(id(link.publisher), None)
        link.close()

    def prove(self, links: Iterable[Link], timeout: float) -> None:
        """Wait until the links are proven; warn of those that are not, and go on."""
        silent = handshake.prove(links, timeout)
        if silent:
            _warn_of(silent, timeout)

    def subscribe(self, link: Link, topic: str) -> None:
        """Subscribe and wait until the backplane knows of it, unless it was silent before."""
        self._check_open()

        def action() -> None:
            link.subscribe(topic)
            if link.proven:
                self.prove([link], limits.PROOF_TIMEOUT_S)
            else:
                handshake.prove([link], limits.PROOF_INTERVAL_MS / 1000)

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
        for publisher in publishers:
            sender = self._senders.get(id(publisher)) or self.sender(publisher)
            if sender.send(head, body):
                self.counters.published += 1
                if not self.counters.published & self._flood.mask:
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
        return self._senders.setdefault(id(publisher), next(own, None) or Sender(publisher))

    def _give_up(self, topic: object) -> None:
        if self.closed:
            raise _closed()
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

    # --- the end ----------------------------------------------------------------------------

    def close(self) -> None:
        """Close everything. Harmless when called twice; ends within `limits.LINGER_MS`."""
        if self.closed:
            return
        self.closed = True
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


def _closed() -> ClosedError:
    return ClosedError("this component is closed: clean_up() was called")


def _warn_of(links: Iterable[Link], waited: float) -> None:
    """Say of each link which ends were tried, what stands there and what to do."""
    ends = [
        (link, purpose, url)
        for link in links
        for purpose, url in (("publish", link.publisher_url), ("subscribe", link.subscriber_url))
        if url
    ]
    states = discovery.greetings((_host_and_port(url) for _, _, url in ends), _DIAGNOSIS_S)
    for link in dict.fromkeys(link for link, _, _ in ends):
        tried = "; ".join(
            f"{url} to {purpose}: {state}"
            for (owner, purpose, url), state in zip(ends, states, strict=True)
            if owner is link
        )
        logger.warning(
            "no answer from %s within %g s (%s). Going on: it is joined as soon as it answers; "
            "until then messages get lost. Start it there by typing `backplane`, or check the "
            "address and the ports.",
            link,
            waited,
            tried,
        )


def _host_and_port(url: str) -> tuple[str, str]:
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    return host, port
