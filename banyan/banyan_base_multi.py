"""BanyanBaseMulti: the class to derive a component from that lives on several backplanes."""

from __future__ import annotations

import os
import weakref
from typing import Any, Final

import zmq

from banyan import banner, limits
from banyan.component import Component, ComponentView
from banyan.counters import Counters
from banyan.errors import SocketTypeError, UnknownBackplaneError
from banyan.keys.choice import KeyChoice, KeyFiles
from banyan.session import Session
from banyan.signals import sigterm_as_ctrl_c
from banyan.statistics import answer_signals
from banyan.transport.link import Link
from banyan.wire import arrays
from banyan.wire.codec import Payload
from banyan.wire.topics import encode_topic
from banyan.wiring import Wiring

BROADCAST: Final = "BROADCAST"


class BanyanBaseMulti(Component):
    """A component on several backplanes, described by a CSV routing specification.

    Derive from it, override `incoming_message_processing` (or `incoming_message_from`, which also
    says which backplane a message came from), then call `receive_loop()`. All backplanes are
    served fairly. BanyanBase and BanyanBaseMulti components talk to each other freely.

    Arguments (names, order and defaults are python_banyan's; those after `*` are ours):
        back_plane_csv_file: path of the routing specification.
        process_name: shown in the banner.
        loop_time: seconds between calls of the idle hook; reception does not wait for it.
        numpy: send and receive numpy arrays.
        connect_time: seconds to wait until all backplanes have answered, if more than
            `limits.PROOF_TIMEOUT_S`.
        reload: follow edits of the file while `receive_loop` runs. Only what changed is
            reconnected; an invalid edit is logged and the old table stays.
        max_message_size: bytes in a published payload.
        shared: leave large bytes and arrays in shared memory, as BanyanBase does.
        keys: path of the key file for all backplanes, or a mapping from backplanes' names to
            paths, where those it leaves out are connected to without; None and '' as in BanyanBase.
        stamped, max_age: stamps on what is published, dropping what is old, as in BanyanBase; each
            backplane has sequences of its own.
        receive_queue_bytes: memory of waiting messages, as in BanyanBase; of all backplanes.

    Raises RoutingSpecMissingError (a ValueError) without a file, RoutingSpecError (a
    RuntimeError) with all faults of the file, MissingLibraryError for numpy=True without numpy,
    KeyFileError (a ValueError) for a key file that cannot be used, SettingError (a ValueError)
    for a max_age or BANYAN_STAMPED that cannot be. A backplane that does not
    answer is a warning: it is joined later.

    Attributes that programs use: `backplane_table`, a list of dicts with the keys
    `backplane_name`, `subscriber` and `publisher` (pyzmq sockets or None); `my_context`;
    `counters`; and the arguments under their own names.
    """

    SUB_SOCK = 0
    PUB_SOCK = 1

    def __init__(
        self,
        back_plane_csv_file: str | os.PathLike[str] | None = None,
        process_name: str = "None",
        loop_time: float = 0.1,
        numpy: bool = False,
        connect_time: float = 0.3,
        *,
        reload: bool = False,
        max_message_size: int = limits.MAX_MESSAGE_BYTES,
        shared: bool = False,
        keys: KeyFiles | None = None,
        stamped: bool | None = None,
        max_age: float | None = None,
        receive_queue_bytes: int = limits.RECEIVE_QUEUE_BYTES,
    ) -> None:
        super().__init__()
        answer_signals()
        self.numpy = numpy
        self.connect_time = connect_time
        self.loop_time = loop_time
        self.max_message_size = max_message_size
        self._banyan_shared = shared
        if max_age is not None:
            self.max_age = max_age
        if numpy:
            arrays.require_numpy()
        choice = KeyChoice(keys)
        self._banyan = Session(process_name, stamped=stamped, max_message_bytes=max_message_size)
        self._banyan.receiver.stamps.max_age = self.max_age
        weakref.finalize(self, self._banyan.close)
        self._banyan.bound_queue(receive_queue_bytes)
        self._banyan_wiring = Wiring(self._banyan, back_plane_csv_file, reload=reload, keys=choice)
        self.my_context: zmq.Context[Any] = self._banyan.context
        self.counters: Counters = self._banyan.counters
        self.backplane_table: list[dict[str, Any]] = self._banyan_wiring.table
        routes = self._banyan_wiring.routes.values()
        banner.show_multi(process_name, str(back_plane_csv_file), routes, loop_time)
        self._banyan_wiring.wire(patience=max(connect_time, limits.PROOF_TIMEOUT_S))
        sigterm_as_ctrl_c()

    # --- may be overridden ------------------------------------------------------------------

    def incoming_message_from(self, backplane_name: str, topic: str, payload: Payload) -> None:
        """Handle one message, knowing where it came from.

        May be overridden; the default calls `incoming_message_processing(topic, payload)`.
        """
        self.incoming_message_processing(topic, payload)

    # --- for a component to call ------------------------------------------------------------

    def find_socket(self, backplane: str, socket_type: int) -> Any:
        """Return a backplane's socket of kind SUB_SOCK or PUB_SOCK; None where it has no port.

        Raises UnknownBackplaneError (a StopIteration), SocketTypeError (a ValueError).
        """
        kinds = {self.SUB_SOCK: "subscriber", self.PUB_SOCK: "publisher"}
        links = self._banyan_wiring.links
        if backplane not in links:
            known = ", ".join(links)
            raise UnknownBackplaneError(f"{backplane!r} not found in table; it has {known}")
        if socket_type not in kinds:
            raise SocketTypeError(f"socket_type must be SUB_SOCK or PUB_SOCK, not {socket_type!r}")
        return getattr(links[backplane], kinds[socket_type])

    def set_subscriber_topic(self, topic: str, subscriber_socket: Any) -> None:
        """Subscribe on one socket: of this table, or a SUB socket of the program's own.

        Returns when the backplane knows of it. Raises TopicTypeError (a TypeError), TopicError
        or SocketTypeError (ValueErrors).
        """
        encode_topic(topic)
        link = self._banyan_wiring.link_of(subscriber_socket)
        if link is None:
            _foreign(subscriber_socket, zmq.SUB).subscribe(topic)
        else:
            self._banyan.subscribe(link, topic)

    def unsubscribe_topic(self, topic: str, subscriber_socket: Any) -> None:
        """Give a topic back on one socket; the same errors as `set_subscriber_topic`."""
        encode_topic(topic)
        link = self._banyan_wiring.link_of(subscriber_socket)
        if link is None:
            _foreign(subscriber_socket, zmq.SUB).unsubscribe(topic)
        else:
            self._banyan.unsubscribe(link, topic)

    def publish_payload(
        self,
        payload: Payload,
        publisher_socket: Any,
        topic: str = "",
        *,
        shared: bool | None = None,
    ) -> None:
        """Publish a payload on one socket, or with "BROADCAST" on all of the table's publishers.

        May be called from any thread; waits while a backplane is behind. `shared` overrides the
        component's own for this message. Raises as BanyanBase.publish_payload, and
        SocketTypeError (a ValueError) for a socket that is none.
        """
        encode_topic(topic)
        if isinstance(publisher_socket, str) and publisher_socket == BROADCAST:
            links = self._banyan_wiring.links.values()
            publishers = tuple(link.publisher for link in links if link.publisher is not None)
        else:
            publishers = (_foreign(publisher_socket, zmq.PUB, zmq.XPUB),)
        self._banyan.publish(
            publishers,
            topic,
            payload,
            self.numpy,
            self.max_message_size,
            self._banyan_shared if shared is None else shared,
        )

    # --- inside -----------------------------------------------------------------------------

    def _banyan_view(self) -> ComponentView:
        return _View(self, self._banyan_wiring)


class _View(ComponentView):
    """Between messages, and about every `limits.SPEC_CHECK_S`, it looks after the specification."""

    def __init__(self, component: BanyanBaseMulti, wiring: Wiring) -> None:
        super().__init__(component)
        self._multi = component
        self._wiring = wiring

    def deliver(self, link: Link, topic: str, payload: Payload) -> None:
        self._follow_edits()
        self._multi.incoming_message_from(link.name, topic, payload)

    def idle(self) -> None:
        self._follow_edits()
        super().idle()

    def pause(self) -> float:
        pause = super().pause()
        return min(pause, limits.SPEC_CHECK_S) if self._wiring.follows_edits else pause

    def _follow_edits(self) -> None:
        # Not longer: while a new backplane is waited for, the others are not served.
        self._wiring.follow_edits(patience=self._multi.connect_time)


def _foreign(socket: Any, *kinds: int) -> zmq.Socket[Any]:
    """Return a socket that may be the program's own; raise SocketTypeError if it is none."""
    names = " or ".join(zmq.SocketType(kind).name for kind in kinds)
    if socket is None:
        raise SocketTypeError(
            f"the socket is None, expected a {names} socket: the routing specification gives "
            "this backplane no such port"
        )
    if not isinstance(socket, zmq.Socket) or socket.type not in kinds:
        raise SocketTypeError(f"expected a {names} socket, not {socket!r}")
    return socket
