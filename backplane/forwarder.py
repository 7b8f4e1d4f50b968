"""Forwards messages from publishers to subscribers; the loop that does it runs in C, in libzmq.

No Python runs for a message. From outside, a control socket asks the loop for its counters, and
takes it down for a moment when the length of the queues has to change.
"""

from __future__ import annotations

import contextlib
import struct
import threading
from typing import Any

import zmq

from banyan import limits
from banyan.errors import EndpointError, PortInUseError
from banyan.transport import discovery, sockets


class Forwarder:
    """The two sockets of a backplane and the thread in which libzmq carries messages across."""

    def __init__(self, max_message_bytes: int = limits.MAX_MESSAGE_BYTES) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self._front = sockets.open_front_end(self._context, max_message_bytes)
        self._back = sockets.open_back_end(self._context)
        self._control, self._steering = sockets.open_pair(self._context)
        self._thread = threading.Thread(target=self._forward, name="forwarder", daemon=True)
        self._queue = limits.SUBSCRIBER_QUEUE
        self._ending = False
        self._seen = (0, 0)

    def bind(self, publisher_url: str, subscriber_url: str) -> None:
        """Listen on one more pair of addresses.

        Raises PortInUseError or EndpointError, whose message names the port and what is wrong.
        """
        _bind(self._front, publisher_url)
        _bind(self._back, subscriber_url)

    def start(self) -> None:
        """Begin to forward."""
        self._thread.start()

    def fit_queues(self) -> None:
        """Fit the queue of each subscriber to the size of the messages that pass now.

        libzmq counts messages, memory is counted in bytes: the length follows the mean size since
        the last call. Changes of less than a half are not worth stopping for.
        """
        frames, size = self._counters()
        new_frames, new_bytes = frames - self._seen[0], size - self._seen[1]
        self._seen = frames, size
        if not new_frames:
            return
        mean = 2 * new_bytes // new_frames  # a message is two frames
        length = sockets.queue_length(mean, limits.SUBSCRIBER_QUEUE)
        if not self._queue / 2 <= length <= self._queue * 2 or length == limits.SUBSCRIBER_QUEUE:
            self._resize(length)

    def close(self) -> None:
        """Stop forwarding and free the ports at once."""
        self._ending = True
        if self._thread.is_alive():
            self._command(b"TERMINATE")
            self._thread.join(limits.LINGER_MS / 1000)
        self._context.destroy(linger=0)

    def _forward(self) -> None:
        """Run libzmq's loop, again and again after changes, until the end."""
        with contextlib.suppress(zmq.ContextTerminated):
            while not self._ending:
                if self._back.sndhwm != self._queue:
                    self._back.sndhwm = self._queue
                zmq.proxy_steerable(self._front, self._back, None, self._steering)

    def _resize(self, length: int) -> None:
        if length != self._queue:
            self._queue = length
            self._seen = (0, 0)  # the loop counts from its beginning
            self._command(b"TERMINATE")

    def _counters(self) -> tuple[int, int]:
        """Return frames and bytes received from publishers since the loop was last entered."""
        reply = self._command(b"STATISTICS")
        frames, size = (struct.unpack("=Q", value)[0] for value in reply[:2])
        return frames, size

    def _command(self, command: bytes) -> list[bytes]:
        self._control.send(command)
        reply: list[bytes] = self._control.recv_multipart()
        return reply


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
