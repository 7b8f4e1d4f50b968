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
from banyan.wire.frames import PROBE_PAYLOAD
from banyan.wire.topics import RESERVED_PREFIX_BYTES, is_reserved

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


class _Probe(Protocol):
    """What `prove` asks of a probe; one for links with two ends, one for links with one."""

    link: Link
    watched: zmq.Socket[Any]

    def send(self) -> None: ...
    def came_back(self) -> bool: ...
    def finish(self) -> None: ...


def _probe(link: Link) -> _Probe | None:
    """Return what can prove a link; nothing can a second time if it has one end."""
    if link.subscriber is not None and link.sender is not None:
        return _RoundTrip(link, link.subscriber, link.sender)
    return None if link.witness is None else _Connection(link, link.witness)


class _RoundTrip:
    """A probe published on one end of a link and awaited on the other."""

    def __init__(self, link: Link, subscriber: SubscriberSocket, sender: Sender) -> None:
        self.link = link
        self.watched: zmq.Socket[Any] = subscriber
        self._subscriber, self._sender = subscriber, sender
        self._topic = RESERVED_PREFIX_BYTES + b"probe/" + os.urandom(16).hex().encode()
        self._early: list[Frames] = []
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
            if not is_reserved(message[0]):
                self._early.append(message)
        return False

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

    def __init__(self, link: Link, witness: zmq.Socket[Any]) -> None:
        self.link = link
        self.watched = witness

    def send(self) -> None:
        """Nothing can be sent that would come back."""

    def came_back(self) -> bool:
        return bool(self.watched.poll(0))

    def finish(self) -> None:
        """A publisher's end waits until the backplane has said that it takes messages.

        A backplane of python_banyan says so only when somebody subscribes: after a moment the
        connection alone must do.
        """
        self.link.dismiss_witness()
        if self.link.proven and self.link.publisher is not None:
            self.link.publisher.poll(limits.FIRST_SUBSCRIPTION_MS)
