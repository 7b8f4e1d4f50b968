"""Proves that a path through a backplane is up, subscriptions included, before it is relied on.

A probe is an empty message on a topic nobody else knows: subscribe to it, publish it every few
milliseconds, and when it comes back, everything subscribed before it is known to the backplane
and everything published after it arrives. Fixed delays are needed nowhere.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any, Final, Protocol

import zmq

from banyan import limits
from banyan.transport.link import Link
from banyan.transport.sender import Sender
from banyan.transport.subscriber import Frames, SubscriberSocket
from banyan.transport.watch import ConnectionWatch
from banyan.wire.frames import PROBE_PAYLOAD
from banyan.wire.topics import PROBE_PREFIX, is_reserved

_READ_AT_ONCE: Final = 1000
"""Messages read before the clock is looked at again: a flood must not stop it."""


def prove(links: Iterable[Link], timeout: float) -> list[Link]:
    """Prove several links at once; return those that did not answer within `timeout` seconds.

    Messages that arrive meanwhile stay in their order in the subscriber socket.
    """
    probes = [probe for link in links if (probe := _probe(link)) is not None]
    waiting = probes
    deadline = time.monotonic() + timeout
    while waiting and time.monotonic() < deadline:
        poller = zmq.Poller()
        for probe in waiting:
            probe.send()
            poller.register(probe.watched, zmq.POLLIN)
        poller.poll(limits.PROOF_INTERVAL_MS)
        waiting = [probe for probe in waiting if not probe.came_back()]
    for probe in probes:
        probe.link.proven = probe not in waiting
        probe.finish()
    return [probe.link for probe in waiting]


_MESSAGE_BYTES: Final = 250
"""Memory of a message in Python besides its bytes: a list and two objects (measured)."""


class _Probe(Protocol):
    """What `prove` asks of a probe; one for links with two ends, one for links with one."""

    link: Link
    watched: zmq.Socket[Any] | int
    """What becomes readable when it may have come back: a socket or a descriptor."""

    def send(self) -> None: ...
    def came_back(self) -> bool: ...
    def finish(self) -> None: ...


def _probe(link: Link) -> _Probe | None:
    """Return what can prove a link; None for one that is closed."""
    if link.subscriber is not None and link.sender is not None:
        return _RoundTrip(link, link.subscriber, link.sender)
    watch = link.subscriber_watch if link.subscriber is not None else link.publisher_watch
    return _Connection(link, watch) if watch is not None else None


class _RoundTrip:
    """A probe published on one end of a link and awaited on the other."""

    def __init__(self, link: Link, subscriber: SubscriberSocket, sender: Sender) -> None:
        self.link = link
        self.watched: zmq.Socket[Any] | int = subscriber
        self._subscriber, self._sender = subscriber, sender
        self._topic = PROBE_PREFIX + os.urandom(16).hex().encode()
        self._early: list[Frames] = []
        self._early_bytes = 0
        subscriber.subscribe(self._topic)

    def send(self) -> None:
        self._sender.try_send(self._topic, PROBE_PAYLOAD)

    def came_back(self) -> bool:
        """Read what has arrived, look for the probe in it and keep the rest."""
        for _ in range(_READ_AT_ONCE):
            try:
                message = self._subscriber.next_message()
            except zmq.Again:
                return False
            if message[0] == self._topic:
                return True
            if is_reserved(message[0]):
                self._subscriber.heed(message)
            else:
                self._keep(message)
        return False

    def _keep(self, message: Frames) -> None:
        """Keep a message that was read early, unless they are more than may wait at all."""
        size = sum(map(len, message)) + _MESSAGE_BYTES
        if self._early_bytes + size > limits.RECEIVE_QUEUE_BYTES:
            self._subscriber.uncounted_bytes += size - _MESSAGE_BYTES
            return
        self._early_bytes += size
        self._early.append(message)

    def finish(self) -> None:
        """Put back what was read early.

        libzmq no longer knows of those messages, so a program that polls the socket itself would
        not be woken for them. One more probe, still subscribed, wakes it; nobody sees it.
        """
        if self._early:
            self._subscriber.hold(self._early)
            self.send()
        self.link.leave_probe(self._topic, subscribed=bool(self._early))


class _Connection:
    """The most that can be known of a link with one end: that it is connected."""

    def __init__(self, link: Link, watch: ConnectionWatch) -> None:
        self.link = link
        self.watched: zmq.Socket[Any] | int = watch.descriptor
        self._watch = watch
        self._known = link.proven

    def send(self) -> None:
        """Nothing can be sent that would come back."""

    def came_back(self) -> bool:
        self._watch.look()
        return self._watch.connected

    def finish(self) -> None:
        """A publisher's end waits until the backplane has said that it takes messages.

        A backplane of python_banyan says so only when somebody subscribes: after a moment the
        connection alone must do.
        """
        if self.link.proven and not self._known and self.link.publisher is not None:
            self.link.publisher.poll(limits.FIRST_SUBSCRIPTION_MS)
