"""A link: one backplane as a component sees it, with up to two sockets and what it asked for."""

from __future__ import annotations

from typing import Any

import zmq

from banyan.errors import SocketTypeError
from banyan.routing import endpoint
from banyan.transport import sockets
from banyan.transport.sender import Sender
from banyan.transport.subscriber import SubscriberSocket


class Link:
    """The sockets that lead to one backplane.

    Attributes: `name` (the backplane's in a routing specification, else empty), `address`,
    `subscriber` and `publisher` (a pyzmq socket each; None where no port was given, and after
    `close`), `sender` (for `publisher`), `topics` (subscribed to), `proven` (whether the last
    probe came back), `witness` (readable once a link with one end has connected;
    None for other links, and after the first proof).

    Raises EndpointError for an address or a port that cannot be one.
    """

    def __init__(
        self,
        context: zmq.Context[Any],
        address: str,
        subscriber_port: str | int | None,
        publisher_port: str | int | None,
        *,
        name: str = "",
    ) -> None:
        self.name = name
        self.topics: set[str] = set()
        self.proven = False
        self.witness: zmq.Socket[Any] | None = None
        self.subscriber: SubscriberSocket | None = None
        self.publisher: zmq.Socket[bytes] | None = None
        self.sender: Sender | None = None
        self._probes_left: tuple[bytes, ...] = ()
        self.address = endpoint.parse_address(address)
        self.subscriber_url = endpoint.url(address, subscriber_port) if subscriber_port else None
        self.publisher_url = endpoint.url(address, publisher_port) if publisher_port else None
        if self.subscriber_url:
            self.subscriber = sockets.open_subscriber(context)
        if self.publisher_url:
            self.publisher = sockets.open_publisher(context, alone=self.subscriber is None)
            self.sender = Sender(self.publisher)
        self._watch()
        for socket, url in self._ends():
            sockets.connect(socket, url)

    def subscribe(self, topic: str) -> None:
        """Ask the backplane for a topic."""
        if self.subscriber is None:
            raise SocketTypeError(f"{self} has no subscriber port, so it cannot subscribe")
        if topic not in self.topics:  # libzmq would count it, and one unsubscribe not end it
            self.topics.add(topic)
            self.subscriber.subscribe(topic)

    def unsubscribe(self, topic: str) -> None:
        """Give a topic back; one that was never asked for is no error."""
        if self.subscriber is not None:
            self.topics.discard(topic)
            self.subscriber.unsubscribe(topic)

    def leave_probe(self, topic: bytes, *, subscribed: bool) -> None:
        """End the subscription to a probe: now, or if it is still to wake somebody, next time."""
        ended = self._probes_left if subscribed else (*self._probes_left, topic)
        self._probes_left = (topic,) if subscribed else ()
        for old in ended:
            if self.subscriber is not None:
                self.subscriber.unsubscribe(old)

    def dismiss_witness(self) -> None:
        """Have no more connections reported: reports that nobody reads would block libzmq."""
        if self.witness is not None:
            (self.subscriber or self.publisher or self.witness).disable_monitor()
            self.witness.close()
            self.witness = None

    def close(self) -> None:
        """Close both sockets; what was published has `limits.LINGER_MS` to leave."""
        self.dismiss_witness()
        if self.subscriber is not None:
            self.subscriber.close()
        if self.sender is not None:
            self.sender.close()
        self.subscriber = self.publisher = self.sender = None

    def __str__(self) -> str:
        return f"backplane {self.name}" if self.name else f"the backplane at {self.address}"

    def _watch(self) -> None:
        """Have libzmq report the connection of a link with one end; a probe proves the others."""
        ends = self._ends()
        if len(ends) == 1:
            socket = ends[0][0]
            self.witness = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)

    def _ends(self) -> list[tuple[zmq.Socket[Any], str]]:
        ends = ((self.subscriber, self.subscriber_url), (self.publisher, self.publisher_url))
        return [(socket, url) for socket, url in ends if socket is not None and url]
