"""A running backplane: forwarder, door and guard, and the thread that looks after them."""

from __future__ import annotations

import contextlib
import logging
import time
from collections import Counter
from typing import Any, Final

import psutil
import zmq

from banyan import limits
from banyan.errors import BanyanError
from banyan.logs import QuietLog
from banyan.routing import endpoint
from banyan.shared.sweeper import sweep

from . import metrics, process
from .admission import Admission
from .connections import SUBSCRIBERS, UNKNOWN
from .door import Door
from .forwarder import Forwarder, Queues
from .guard import KINDS, REVOKED, Cut, Guard
from .inspector import Inspector
from .keeper import Keeper
from .settings import Settings
from .statistics import Samples

logger = logging.getLogger("banyan")

_OVERHEAD: Final = 45
"""Bytes on the wire beside those of a frame, at most: its length and CURVE (RFC 26)."""


class Service:
    """One backplane. `look` is to be called every `limits.MEMORY_CHECK_S`, from one thread.

    Raises KeyFileError if the directory of keys cannot be relied on.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._started = self._swept = self._keys_seen = time.monotonic()
        self._cuts: Counter[str] = Counter()
        self._renewals = 0
        self._memory = process.Memory()
        self._looked = 0, self._started
        self._turned_away = 0
        self._log = QuietLog(logger)
        self.keeper = Keeper(settings.keys) if settings.keys else None
        keys = self.keeper.ring.allowed if self.keeper else None
        self._admission = Admission(settings.allowed, keys)
        self._context: zmq.Context[Any] = zmq.Context()
        self._door = Door(self._context, self._admission)
        self._forwarder = Forwarder(
            self._context,
            self._door.watch,
            _queues(settings),
            self.keeper.ring.own if self.keeper else None,
            self.keeper.inspector if self.keeper else None,
        )
        self._guard = Guard(settings.memory, settings.subscriber_queue, keys=keys is not None)

    def start(self) -> None:
        """Listen and forward; raises PortInUseError, EndpointError or MissingLibraryError."""
        settings = self.settings
        descriptors = process.raise_descriptor_limit()
        self._door.stall.tick(time.monotonic())
        room = max(1, descriptors - process.descriptors() - limits.DESCRIPTOR_RESERVE)
        self._door.connections.room = min(room, settings.max_connections or room)
        self._door.open()
        for address in settings.addresses:
            self._forwarder.bind(
                _listen_url(address, settings.publisher_port),
                _listen_url(address, settings.subscriber_port),
            )
        if settings.metrics is not None:
            metrics.serve(*settings.metrics, self.statistics)
        self._forwarder.start()

    def look(self) -> None:
        """Look after memory, keys and connections.

        Raises BanyanError if forwarding has ended, or nobody is at the door any more.
        """
        if not self._forwarder.alive:
            raise BanyanError(f"forwarding has ended: {self._forwarder.failure}")
        if not self._door.alive:
            raise BanyanError("nobody is at the door any more, so that nobody would be let in")
        now = time.monotonic()
        self._door.stall.tick(now)
        self._look_at_memory(now)
        try:
            if now - self._keys_seen > limits.KEYS_CHECK_S:
                self._keys_seen = now
                self._look_at_keys()
            self._look_at_offenders()
            self._look_at_connections()
            if now - self._swept > limits.SHARED_GRACE_S:
                self._swept = now
                process.give_back()
                sweep()  # what killed publishers left in shared memory
        except OSError as error:  # above all: no descriptors left just now
            self._log.warning("look", "cannot look after everything: %s", error)

    def close(self) -> None:
        """Stop forwarding and free the ports at once."""
        stopped = self._forwarder.close()
        self._door.close()
        if stopped:
            self._context.destroy(linger=0)

    def statistics(self) -> Samples:
        """Return all figures, from any thread; FAMILIES says what they mean."""
        traffic = self._forwarder.traffic()
        samples: Samples = {
            ("uptime_seconds", ()): round(time.monotonic() - self._started, 3),
            ("frames", (("direction", "in"),)): traffic.frames_in,
            ("frames", (("direction", "out"),)): traffic.frames_out,
            ("bytes", (("direction", "in"),)): traffic.bytes_in,
            ("bytes", (("direction", "out"),)): traffic.bytes_out,
            ("renewals", ()): self._renewals,
            ("turned_away", ()): self._door.connections.turned_away,
            ("memory_bytes", ()): self._memory.used(),
            ("memory_limit_bytes", ()): self.settings.memory,
        }
        for kind in KINDS:
            samples["cut_off", (("reason", kind),)] = self._cuts[kind]
        for port, tally in self._door.connections.tallies.items():
            label = (("port", port),)
            samples["connections", label] = self._door.connections.count(port)
            samples["connections_accepted", label] = tally.accepted
            samples["connections_joined", label] = tally.joined
            samples["connections_refused", label] = tally.refused
            samples["connections_ended", label] = tally.left
        if self.keeper is not None:
            samples["keys", ()] = len(self.keeper.ring.allowed)
            inspector = self.keeper.inspector
            samples["refused", ()] = inspector.refused if inspector else 0
        with contextlib.suppress(OSError, psutil.Error):  # there may be none left to count with
            samples["descriptors", ()] = process.descriptors()
        return samples

    # --- inside -----------------------------------------------------------------------------

    def _look_at_keys(self) -> None:
        keeper = self.keeper
        if keeper is None:
            return
        changed = keeper.changed()
        if changed:
            self._admission.keys = keeper.ring.allowed
            self._admission.banned &= frozenset(keeper.ring.allowed)  # who was revoked may return
        # At every look: who was let in just before his key was revoked is noticed a moment later.
        for connection in self._door.connections:
            if connection.key in (None, UNKNOWN):
                if changed:  # it may be anybody; whoever is still let in comes back at once
                    reason = "keys were changed, and it is not known which one it has"
                    self._cut(Cut(connection, REVOKED, reason))
            elif keeper.ring.allowed.get(connection.key) != connection.name:
                self._cut(Cut(connection, REVOKED, "its key was revoked, or has another name"))
        if changed:
            self._follow_permissions(keeper)

    def _follow_permissions(self, keeper: Keeper) -> None:
        """Subscriptions made under other permissions are to be decided on anew."""
        affected = keeper.follow(self._inspect)
        for connection in self._door.connections:
            if connection.key in affected and connection.port == SUBSCRIBERS:
                self._cut(Cut(connection, REVOKED, "its permissions were changed"))

    def _inspect(self, inspector: Inspector) -> None:
        logger.warning("permissions are in force from now on: all subscribers reconnect")
        self._forwarder.inspect(inspector)

    def _look_at_offenders(self) -> None:
        """Whoever misuses the protocol to harm others stays out."""
        keeper = self.keeper
        if keeper is None or keeper.inspector is None or not keeper.inspector.offenders:
            return
        names = {keeper.inspector.offenders.popleft() for _ in keeper.inspector.offenders.copy()}
        keys = frozenset(key for key, name in keeper.ring.allowed.items() if name in names)
        self._admission.banned |= keys
        for connection in self._door.connections:
            if connection.key in keys:
                self._cut(Cut(connection, REVOKED, "it sent what nobody sends but to do harm"))

    def _look_at_connections(self) -> None:
        connections = self._door.connections
        before, self._turned_away = self._turned_away, connections.turned_away
        if self._turned_away > before:
            self._log.warning(
                "full",
                "%d connections are open, as many as there may be: %d more were turned away",
                connections.room,
                self._turned_away - before,
            )

    def _look_at_memory(self, now: float) -> None:
        if self._guard.settling(now):
            process.give_back()
        used = self._memory.used()
        if not self._deserves_a_look(now, used):
            return
        traffic = self._forwarder.traffic()
        passed_on = traffic.bytes_in + _OVERHEAD * traffic.frames_in
        cuts = self._guard.look(now, used, self._door.connections, passed_on)
        if cuts is None:
            self._renewals += 1
            logger.warning(
                "%.0f MB are in use, and nobody in particular is to blame: all that waits is "
                "thrown away, and everybody reconnects",
                used / 1e6,
            )
            self._forwarder.renew()
        else:
            for cut in cuts:
                self._cut(cut)

    def _deserves_a_look(self, now: float, used: int) -> bool:
        """Whether memory has grown; now and then in any case. Else nothing of it is done: idle."""
        last, then = self._looked
        grown = used - last > limits.GUARD_STEP_BYTES
        if not (grown or self._guard.busy or now - then > limits.GUARD_IDLE_S):
            return False
        self._looked = used, now
        return True

    def _cut(self, cut: Cut) -> None:
        if self._door.connections.cut(cut.connection):
            self._cuts[cut.kind] += 1
            logger.warning(
                "cut off %s at the port for %s: %s", cut.connection, cut.connection.port, cut.reason
            )


def _queues(settings: Settings) -> Queues:
    """A lossless backplane holds little: its publishers wait instead."""
    if not settings.wait:
        return Queues(settings.max_message_bytes)
    queue = settings.lossless_queue
    return Queues(settings.max_message_bytes, queue, queue, wait=True)


def _listen_url(address: str, port: int) -> str:
    return f"tcp://*:{port}" if address == "*" else endpoint.url(address, port)
