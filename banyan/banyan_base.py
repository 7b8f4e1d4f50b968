"""BanyanBase: the class to derive a component from that lives on one backplane."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any

import zmq

from banyan import banner, limits
from banyan.component import Component, ComponentView
from banyan.counters import Counters
from banyan.errors import SocketTypeError
from banyan.keys.choice import credentials_for
from banyan.routing.endpoint import DEFAULT_PUBLISHER_PORT, DEFAULT_SUBSCRIBER_PORT
from banyan.session import Session
from banyan.signals import sigterm_as_ctrl_c
from banyan.statistics import answer_signals
from banyan.transport import discovery
from banyan.transport.link import Link
from banyan.wire import arrays
from banyan.wire.codec import Payload
from banyan.wire.topics import encode_topic

MessageProcessor = Callable[[str, Payload], object]


class BanyanBase(Component):
    """A component on one backplane: publishes and receives MessagePack payloads by topic.

    Derive from it, override `incoming_message_processing`, call `set_subscriber_topic` for what
    the component wants to hear, then `receive_loop()`. The constructor returns when the path
    through the backplane is proven, so the first message is never lost.

    Arguments (names, order and defaults are python_banyan's; those after `*` are ours):
        back_plane_ip_address: host name or address of the backplane; None finds this machine's.
        subscriber_port, publisher_port: the backplane's ports, as text or numbers.
        process_name: shown in the banner.
        loop_time: seconds between calls of the idle hook; reception does not wait for it.
        numpy: send and receive numpy arrays.
        external_message_processor: called with (topic, payload) instead of
            `incoming_message_processing`.
        receive_loop_idle_addition: called without arguments while nothing arrives.
        connect_time: seconds to wait for the proof, if more than `limits.PROOF_TIMEOUT_S`;
            python_banyan always slept that long.
        max_message_size: bytes in a published payload; not above what the backplane admits. A
            subscriber takes more, up to `limits.MAX_RECEIVED_BYTES`.
        shared: leave large bytes and arrays (from `limits.SHARED_MIN_BYTES`) in shared memory:
            subscribers on this machine, of the same user, get read-only views of them, a
            memoryview where bytes were published; all others miss the message, with a warning.
        keys: path of the key file to connect with, for a backplane with keys; None means what
            the environment variable BANYAN_KEYS says, '' none. See `banyan keys --help`.
        stamped: publish with a stamp (publisher, number on its topic, time), a third frame by which
            receivers notice loss and age; None means what the environment variable
            BANYAN_STAMPED says, 1 or 0. Not for backplanes with receivers that read exactly two.
        max_age: seconds from which on a stamped message is dropped when it arrives.
        receive_queue_bytes: memory that messages may take which wait for the handler, before the
            connection is cut (Linux only; see `banyan.intake`).

    Raises:
        BackplaneNotRunningError (a RuntimeError): no address given and no backplane found.
        EndpointError (a ValueError): an address or port that cannot be one.
        MissingLibraryError (an ImportError): numpy=True without numpy.
        SettingError (a ValueError): a max_age or BANYAN_STAMPED that cannot be.
        KeyFileError (a ValueError): a key file that is missing, faulty or open to other users.
    A backplane that is given by address but does not answer is a warning: it is joined later.

    Attributes that programs use: `subscriber` and `publisher` (pyzmq sockets), `my_context`,
    `counters`, and the arguments under their own names.
    """

    def __init__(
        self,
        back_plane_ip_address: str | None = None,
        subscriber_port: str | int = DEFAULT_SUBSCRIBER_PORT,
        publisher_port: str | int = DEFAULT_PUBLISHER_PORT,
        process_name: str = "None",
        loop_time: float = 0.1,
        numpy: bool = False,
        external_message_processor: MessageProcessor | None = None,
        receive_loop_idle_addition: Callable[[], object] | None = None,
        connect_time: float = 0.3,
        *,
        max_message_size: int = limits.MAX_MESSAGE_BYTES,
        shared: bool = False,
        keys: str | os.PathLike[str] | None = None,
        stamped: bool | None = None,
        max_age: float | None = None,
        receive_queue_bytes: int = limits.RECEIVE_QUEUE_BYTES,
    ) -> None:
        super().__init__()
        answer_signals()
        self.subscriber_port = subscriber_port
        self.publisher_port = publisher_port
        self.loop_time = loop_time
        self.numpy = numpy
        self.external_message_processor = external_message_processor
        self.receive_loop_idle_addition = receive_loop_idle_addition
        self.connect_time = connect_time
        self.max_message_size = max_message_size
        self._banyan_shared = shared
        if max_age is not None:
            self.max_age = max_age
        if numpy:
            arrays.require_numpy()
        credentials = credentials_for(keys)
        if back_plane_ip_address is None:
            back_plane_ip_address = discovery.find_local(subscriber_port, publisher_port)
        self.backplane_exists = True
        self.back_plane_ip_address = back_plane_ip_address

        self._banyan = Session(process_name, stamped=stamped, max_message_bytes=max_message_size)
        self._banyan.receiver.stamps.max_age = self.max_age
        weakref.finalize(self, self._banyan.close)
        self._banyan.bound_queue(receive_queue_bytes)
        self._banyan_link = self._banyan.open_link(
            back_plane_ip_address, subscriber_port, publisher_port, credentials=credentials
        )
        self.my_context: zmq.Context[Any] = self._banyan.context
        self.subscriber = self.get_subscriber()
        self.publisher = self.get_publisher()
        self.counters: Counters = self._banyan.counters
        banner.show(
            banner.component(
                process_name, back_plane_ip_address, subscriber_port, publisher_port, loop_time
            )
        )
        self._banyan.prove([self._banyan_link], max(connect_time, limits.PROOF_TIMEOUT_S))
        sigterm_as_ctrl_c()

    # --- for a component to call ------------------------------------------------------------

    def set_subscriber_topic(self, topic: str) -> None:
        """Subscribe to a topic and to every longer one that begins with it; `''` is everything.

        Returns when the backplane knows of it, so that an answer to what is published next
        cannot be missed. Raises TopicTypeError (a TypeError) or TopicError (a ValueError).
        """
        encode_topic(topic)
        self._banyan.subscribe(self._banyan_link, topic)

    def unsubscribe_topic(self, topic: str) -> None:
        """Give a topic back that was passed to `set_subscriber_topic`."""
        encode_topic(topic)
        self._banyan.unsubscribe(self._banyan_link, topic)

    def publish_payload(
        self, payload: Payload, topic: str = "", *, shared: bool | None = None
    ) -> None:
        """Publish a payload, from any thread; waits while the backplane is behind.

        `shared` overrides the component's own for this message.

        Raises TopicTypeError or PayloadTypeError (TypeErrors: the message names the place in the
        payload), TopicError or PayloadSizeError (ValueErrors), ClosedError after `clean_up`.
        """
        self._banyan.publish(
            (self.publisher,),
            topic,
            payload,
            self.numpy,
            self.max_message_size,
            self._banyan_shared if shared is None else shared,
        )

    def get_subscriber(self) -> zmq.Socket[bytes]:
        """Return the SUB socket."""
        if self._banyan_link.subscriber is None:
            raise SocketTypeError("there is no subscriber socket: subscriber_port was empty")
        return self._banyan_link.subscriber

    def get_publisher(self) -> zmq.Socket[bytes]:
        """Return the publishing socket."""
        if self._banyan_link.publisher is None:
            raise SocketTypeError("there is no publisher socket: publisher_port was empty")
        return self._banyan_link.publisher

    # --- inside -----------------------------------------------------------------------------

    def _banyan_view(self) -> ComponentView:
        return _View(self)


class _View(ComponentView):
    def __init__(self, component: BanyanBase) -> None:
        super().__init__(component)
        self._base = component

    def deliver(self, link: Link, topic: str, payload: Payload) -> None:
        component = self._base
        if component.external_message_processor:
            component.external_message_processor(topic, payload)
        else:
            component.incoming_message_processing(topic, payload)
