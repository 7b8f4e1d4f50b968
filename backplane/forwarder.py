"""Forwards messages from publishers to subscribers; the loop that does it runs in C, in libzmq.

No Python runs for a message. A control socket takes the loop down at the end, and when the queues
of the subscribers have to be freed.
"""

from __future__ import annotations

import contextlib
import threading
import time
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
        self._subscriber_urls: list[str] = []
        self._control, self._steering = sockets.open_pair(self._context)
        self._thread = threading.Thread(target=self._forward, name="forwarder", daemon=True)
        self._renew = False
        self._ending = False

    def bind(self, publisher_url: str, subscriber_url: str) -> None:
        """Listen on one more pair of addresses.

        Raises PortInUseError or EndpointError, whose message names the port and what is wrong.
        """
        _bind(self._front, publisher_url)
        _bind(self._back, subscriber_url)
        self._subscriber_urls.append(subscriber_url)

    def start(self) -> None:
        """Begin to forward."""
        self._thread.start()

    def free_queues(self) -> None:
        """Throw away what waits for subscribers; they all reconnect, within a moment.

        That takes a new socket. Publishers notice nothing: what they send meanwhile waits.
        """
        self._renew = True
        self._interrupt()

    def close(self) -> None:
        """Stop forwarding and free the ports at once."""
        self._ending = True
        if self._thread.is_alive():
            self._interrupt()
            self._thread.join(limits.LINGER_MS / 1000)
        self._context.destroy(linger=0)

    def _forward(self) -> None:
        """Run libzmq's loop, again and again, until the end."""
        with contextlib.suppress(zmq.ContextTerminated):
            while not self._ending:
                if self._renew:
                    self._renew = False
                    self._renew_back_end()
                zmq.proxy_steerable(self._front, self._back, None, self._steering)

    def _renew_back_end(self) -> None:
        for url in self._subscriber_urls:
            with contextlib.suppress(zmq.ZMQError):
                self._back.unbind(url)
        self._back.close(linger=0)
        self._back = sockets.open_back_end(self._context)
        for url in self._subscriber_urls:
            self._bind_again(url)

    def _bind_again(self, url: str) -> None:
        """Listen where the old socket listened; libzmq frees its port a moment later."""
        deadline = time.monotonic() + limits.LINGER_MS / 1000
        while True:
            try:
                sockets.bind(self._back, url)
            except zmq.ZMQError as error:
                if error.errno != zmq.EADDRINUSE or time.monotonic() > deadline:
                    raise
                time.sleep(0.002)
            else:
                return

    def _interrupt(self) -> None:
        """Make libzmq's loop return; its answers are of no interest, and it may be slow."""
        self._control.send(b"TERMINATE")
        with contextlib.suppress(zmq.Again):
            while True:
                self._control.recv(zmq.NOBLOCK)


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
