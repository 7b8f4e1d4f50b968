"""Forwards messages from publishers to subscribers; the loop that does it runs in C, in libzmq.

No Python runs for a message, unless permissions are in force. A control socket asks the loop for
its figures, and takes it down at the end and when something has to be done to the sockets.
"""

from __future__ import annotations

import errno
import functools
import logging
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import zmq

from banyan import limits
from banyan.errors import EndpointError, PortInUseError
from banyan.transport import discovery, sockets

from .connections import PUBLISHERS, SUBSCRIBERS

if TYPE_CHECKING:
    from banyan.keys.key_file import Credentials

    from .inspector import Inspector

logger = logging.getLogger("banyan")

_FIGURE: Final = struct.Struct("=Q")
_FIGURES: Final = 8
"""Messages and bytes, in and out, of both ends (zmq_proxy_steerable)."""

_TAKEN: Final = (zmq.EADDRINUSE, errno.EMFILE, errno.ENFILE)

_Result = TypeVar("_Result")

_ANSWER_MS: Final = 250
"""How long the loop may take to tell its figures; it cannot while it waits for a subscriber."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went through: frames (two a message, three if it is stamped) and bytes, in and out.

    A message counts once on its way out, however many subscribers get it.
    """

    frames_in: int = 0
    bytes_in: int = 0
    frames_out: int = 0
    bytes_out: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.frames_in + other.frames_in,
            self.bytes_in + other.bytes_in,
            self.frames_out + other.frames_out,
            self.bytes_out + other.bytes_out,
        )


@dataclass(frozen=True, slots=True)
class Queues:
    """What the sockets of a backplane hold; `wait` is for a backplane of one lossless pipeline."""

    max_message_bytes: int = limits.MAX_MESSAGE_BYTES
    from_publisher: int = limits.MESSAGE_QUEUE
    to_subscriber: int = limits.SUBSCRIBER_QUEUE
    wait: bool = False


class _End:
    """One of the two sockets, and where it listens; `make` opens another in its place."""

    def __init__(self, make: Callable[[], zmq.Socket[bytes]]) -> None:
        self._make = make
        self._urls: list[str] = []
        self.socket = make()

    def bind(self, url: str) -> None:
        """Listen on one more address; raises PortInUseError or EndpointError."""
        _bind(self.socket, url)
        self._urls.append(url)

    def renew(self) -> None:
        """Throw away all that it holds; whoever was connected reconnects.

        libzmq frees ports and descriptors a moment after the socket. Raises zmq.ZMQError if they
        stay taken.
        """
        self.socket.close(linger=0)
        deadline = time.monotonic() + limits.LINGER_MS / 1000
        self.socket = _once_free(self._make, deadline)
        for url in self._urls:
            _once_free(functools.partial(sockets.bind, self.socket, url), deadline)


class Forwarder:
    """The two sockets of a backplane and the thread in which libzmq carries messages across.

    `watch` is called with each new socket and the port it is for, before it listens.
    """

    def __init__(
        self,
        context: zmq.Context[Any],
        watch: Callable[[zmq.Socket[Any], str], None],
        queues: Queues,
        credentials: Credentials | None = None,
        inspector: Inspector | None = None,
    ) -> None:
        self._context = context
        self._watch = watch
        self._queues = queues
        self._credentials = credentials
        self._inspector = inspector
        self._front = _End(self._open_front)
        self._back = _End(self._open_back)
        self._control, self._steering = sockets.open_pair(context)
        self._steered_by = threading.Lock()
        self._asked = False
        self._before = self._traffic = Traffic()
        self._orders: deque[Callable[[], None]] = deque()
        self._thread = threading.Thread(target=self._serve, name="forwarder", daemon=True)
        self._ending = False
        self.failure: Exception | None = None
        """Why it does not forward any more."""

    # --- for the thread that made it ---------------------------------------------------------

    def bind(self, publisher_url: str, subscriber_url: str) -> None:
        """Listen on one more pair of addresses.

        Raises PortInUseError or EndpointError, whose message names the port and what is wrong.
        """
        self._front.bind(publisher_url)
        self._back.bind(subscriber_url)

    def start(self) -> None:
        """Begin to forward."""
        self._thread.start()

    def renew(self) -> None:
        """Throw away everything that waits; publishers and subscribers reconnect, in a moment."""
        self._order(self._renew)

    def inspect(self, inspector: Inspector) -> None:
        """Look at each message from now on; all subscribers reconnect."""

        def action() -> None:
            self._inspector = inspector
            self._back.renew()

        self._order(action)

    @property
    def alive(self) -> bool:
        """Whether it forwards; False after an error that nothing could be done about."""
        return self._thread.is_alive()

    def traffic(self) -> Traffic:
        """Return what went through so far, from any thread; the last known while it is blocked."""
        with self._steered_by:
            if self.alive:
                self._ask()
                self._take_answer(_ANSWER_MS)
            return self._traffic

    def close(self) -> bool:
        """Stop forwarding; return whether that was possible, so that the sockets may be closed.

        It is not while libzmq waits for a subscriber; then the end of the process frees them.
        """
        self._ending = True
        if self._thread.is_alive():
            with self._steered_by:
                self._control.send(b"TERMINATE")
            self._thread.join(limits.LINGER_MS / 1000)
        return not self._thread.is_alive()

    # --- for the thread that forwards --------------------------------------------------------

    def _serve(self) -> None:
        try:
            self._forward()
        except Exception as error:
            logger.exception("forwarding has ended")
            self.failure = error

    def _forward(self) -> None:
        """Run the loop, again and again, until the end."""
        while not self._ending:
            while self._orders:
                self._orders.popleft()()
            self._pump()
            with self._steered_by:
                self._take_answer(0)
                self._before = self._traffic  # the next run counts from nought

    def _pump(self) -> None:
        """Carry messages across until TERMINATE comes."""
        front, back = self._front.socket, self._back.socket
        if self._inspector is None:
            zmq.proxy_steerable(front, back, None, self._steering)
        elif not self._inspector.pump(front, back, self._steering):
            self._back.renew()

    def _renew(self) -> None:
        self._front.renew()
        self._back.renew()

    def _open_front(self) -> zmq.Socket[bytes]:
        socket = sockets.open_front_end(
            self._context,
            self._queues.max_message_bytes,
            queue=self._queues.from_publisher,
            credentials=self._credentials,
        )
        self._watch(socket, PUBLISHERS)
        return socket

    def _open_back(self) -> zmq.Socket[bytes]:
        socket = sockets.open_back_end(
            self._context,
            queue=self._queues.to_subscriber,
            wait=self._queues.wait,
            ask=self._inspector is not None,
            credentials=self._credentials,
        )
        self._watch(socket, SUBSCRIBERS)
        return socket

    # --- steering, by whoever holds the lock -------------------------------------------------

    def _order(self, action: Callable[[], None]) -> None:
        """Have something done between two runs of the loop."""
        self._orders.append(action)
        if self._thread.is_alive():
            with self._steered_by:
                self._ask()
                self._control.send(b"TERMINATE")

    def _ask(self) -> None:
        if not self._asked:
            self._asked = True
            self._control.send(b"STATISTICS")

    def _take_answer(self, timeout_ms: int) -> None:
        """Note the figures that were asked for, if they come in time."""
        while self._asked and self._control.poll(timeout_ms):
            answer = self._control.recv_multipart()
            if len(answer) == _FIGURES:  # not the answer to another command
                figures = [_FIGURE.unpack(frame)[0] for frame in answer]
                self._traffic = self._before + Traffic(*figures[:2], *figures[6:])
                self._asked = False


def _bind(socket: zmq.Socket[Any], url: str) -> None:
    try:
        sockets.bind(socket, url)
    except zmq.ZMQError as error:
        port = url.rpartition(":")[2]
        if error.errno == zmq.EADDRINUSE:
            owner = discovery.port_owner(int(port))
            raise PortInUseError(
                f"port {port} is in use{f' by {owner}' if owner else ''}; "
                "end that program or choose other ports with -p and -s"
            ) from error
        raise EndpointError(f"cannot listen on {url}: {error.strerror}") from error


def _once_free(action: Callable[[], _Result], deadline: float) -> _Result:
    """Do what needs a port or descriptors, as soon as they are free."""
    while True:
        try:
            return action()
        except zmq.ZMQError as error:
            if error.errno not in _TAKEN or time.monotonic() > deadline:
                raise
            time.sleep(0.002)
