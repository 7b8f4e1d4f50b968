"""A link: one backplane as a component sees it, with up to two sockets and what it asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import zmq

from banyan import limits
from banyan.errors import SocketTypeError
from banyan.routing import endpoint
from banyan.sequences import SequenceWatch
from banyan.transport import sockets
from banyan.transport.sender import Sender
from banyan.transport.subscriber import SubscriberSocket
from banyan.transport.watch import ConnectionWatch
from banyan.wire import stamp

if TYPE_CHECKING:
    from banyan.keys.key_file import Credentials
    from banyan.transport.granted import Granted
    from banyan.transport.subscriber import Frames


class Link:
    """The sockets that lead to one backplane.

    Attributes: `name` (the backplane's in a routing specification, else empty), `address`,
    `subscriber` and `publisher` (a pyzmq socket each; None where no port was given, and after
    `close`), `sender` (for `publisher`), `topics` (subscribed to), `proven` (whether the last
    probe came back), `credentials` (the key it connects with, or None), `granted` (what the
    backplane tells of that key's rights), `subscriber_watch` and `publisher_watch` (what becomes
    of the connections of each socket; they stay, and keep their figures, after `close`), and what
    the receive loop knows of stamps here: `sequences`, `stamped` (whether to expect them),
    `last_topic` (of the message last delivered if its stamp, should it have one, is unread).

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
        credentials: Credentials | None = None,
        max_message_bytes: int = limits.MAX_RECEIVED_BYTES,
    ) -> None:
        self.name = name
        self.credentials = credentials
        self.granted: Granted | None = None
        self.topics: set[str] = set()
        self.proven = False
        self.subscriber: SubscriberSocket | None = None
        self.publisher: zmq.Socket[bytes] | None = None
        self.sender: Sender | None = None
        self.subscriber_watch: ConnectionWatch | None = None
        self.publisher_watch: ConnectionWatch | None = None
        self.sequences = SequenceWatch()
        self.stamped = False
        self.last_topic: str | None = None
        self._probes_left: tuple[bytes, ...] = ()
        self.address = endpoint.parse_address(address)
        self.subscriber_url = endpoint.url(address, subscriber_port) if subscriber_port else None
        self.publisher_url = endpoint.url(address, publisher_port) if publisher_port else None
        if self.subscriber_url:
            self.subscriber = sockets.open_subscriber(context, credentials, max_message_bytes)
            self.subscriber_watch = ConnectionWatch(self.subscriber)
            self.subscriber.bypassed = self._note_bypassed
        if self.publisher_url:
            self.publisher = sockets.open_publisher(
                context, alone=self.subscriber is None, credentials=credentials
            )
            self.publisher_watch = ConnectionWatch(self.publisher)
            self.sender = Sender(self.publisher)
        self._ask_for_rights()
        for socket, url in self._ends():
            sockets.connect(socket, url)

    def subscribe(self, topic: str) -> None:
        """Ask the backplane for a topic."""
        if self.subscriber is None:
            raise SocketTypeError(f"{self} has no subscriber port, so it cannot subscribe")
        if topic not in self.topics:  # libzmq would count it, and one unsubscribe not end it
            if not topic.startswith(tuple(self.topics)):
                self.sequences.pardon(topic.encode())
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

    def look(self) -> None:
        """Read what was reported of the connections."""
        for watch in self._watches():
            watch.look()

    @property
    def watches(self) -> list[ConnectionWatch]:
        """Return the watches over the sockets' connections, as up to date as they can be."""
        self.look()
        return self._watches()

    @property
    def connected(self) -> bool:
        """Whether every end is connected at the moment."""
        return all(watch.connected for watch in self.watches)

    @property
    def reconnects(self) -> int:
        """Connections of both ends that were made after the first ones."""
        return sum(watch.reconnects for watch in self.watches)

    @property
    def failure(self) -> str:
        """Why the last attempt to connect failed, if it was answered at all; else empty."""
        return "; ".join(dict.fromkeys(watch.failure for watch in self.watches if watch.failure))

    def close(self) -> None:
        """Close both sockets; what was published has `limits.LINGER_MS` to leave."""
        for watch in self.watches:
            watch.close()
        if self.subscriber is not None:
            self.subscriber.close()
        if self.sender is not None:
            self.sender.close()
        self.subscriber = self.publisher = self.sender = None

    def __str__(self) -> str:
        return f"backplane {self.name}" if self.name else f"the backplane at {self.address}"

    def _ask_for_rights(self) -> None:
        """Let a backplane that knows our key tell us what we may do, before the first probe."""
        if self.credentials is not None and self.subscriber is not None:
            from banyan.transport.granted import Granted

            self.granted = Granted(self.credentials.name, self.credentials.public)
            self.subscriber.subscribe(self.granted.topic)
            self.subscriber.heed = self._heed

    def _note_bypassed(self, message: Frames) -> None:
        """Have a message that the program read itself not look like a missing one."""
        if (fields := stamp.split(message[-1])) is not None:
            publisher, sequence, _ = fields
            self.sequences.note(message[0], publisher, sequence)

    def _heed(self, message: Frames) -> None:
        """Take in one of Banyan's own messages."""
        if self.granted is not None and self.granted.heed(message):
            if self.sender is not None:
                self.sender.granted = self.granted
            self.granted.changed()

    def _watches(self) -> list[ConnectionWatch]:
        return [watch for watch in (self.subscriber_watch, self.publisher_watch) if watch]

    def _ends(self) -> list[tuple[zmq.Socket[Any], str]]:
        ends = ((self.subscriber, self.subscriber_url), (self.publisher, self.publisher_url))
        return [(socket, url) for socket, url in ends if socket is not None and url]
