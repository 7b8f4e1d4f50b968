"""Decides who is cut off so that a backplane stays within its memory. Pure: acts on nothing.

libzmq counts messages, not bytes, and a queue's length cannot be lowered while it is in use: its
reader reports what it took once per half a queue, and would wait for ever. So a queue is bounded
in bytes from outside. When memory grows, the connection for which the kernel holds data that it
cannot send is the one that is behind; that one is cut off, and what waited for it is freed.
Nobody else notices. A message that never ends waits at the other end: then publishers have sent
much more than was passed on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from banyan import limits
from banyan.transport.tcp import Flow

from .connections import PUBLISHERS, SUBSCRIBERS, Connection, admitted

SLOW: Final = "slow"
HOARDER: Final = "hoarder"
STRANGER: Final = "stranger"
REVOKED: Final = "revoked"
"""Why a connection is cut off, in one word."""

KINDS: Final = (SLOW, HOARDER, STRANGER, REVOKED)

_TINY_FRAME: Final = 50
"""Memory that a byte on the wire may take: libzmq keeps 64 bytes for a frame of two."""

_UNREAD_BYTES: Final = 4 * 1024 * 1024
"""What lies between publishers and the forwarder when all is well."""

_SETTLED_GROWTH: Final = 1.5
"""What cannot be freed moves the limit up, or every look would disturb everybody for nothing."""


_Flows = Sequence[tuple[Connection, Flow]]


@dataclass(frozen=True, slots=True)
class Cut:
    """A connection to be cut off, and why."""

    connection: Connection
    kind: str
    reason: str


class Guard:
    """Looks at memory and connections now and then; says whom to cut off.

    `subscriber_queue` is the bytes that may wait for one subscriber, `memory` the bytes that the
    process may take, `keys` whether connections have to be admitted by a key.
    """

    def __init__(self, memory: int, subscriber_queue: int, *, keys: bool) -> None:
        self.memory = memory
        self.subscriber_queue = subscriber_queue
        self._keys = keys
        self._idle: int | None = None
        self._threshold = memory
        self._acted = -limits.MEMORY_SETTLES_S
        self._renewed = False
        self._busy = False
        self._passed_on = 0
        self._held = 0

    @property
    def busy(self) -> bool:
        """Whether memory is well above what it was at the start."""
        return self._busy

    def settling(self, now: float) -> bool:
        """Whether something was cut off a moment ago, so that memory should be given back."""
        return now - self._acted < limits.MEMORY_SETTLES_S

    def look(
        self, now: float, used: int, connections: Iterable[Connection], passed_on: int
    ) -> list[Cut] | None:
        """Return whom to cut off; None if all that waits is to be thrown away.

        `used` is the memory in use, `passed_on` how many of the bytes that publishers sent the
        forwarder has passed on, rather too many than too few.
        """
        if self._idle is None:
            self._idle = used
        present = [connection for connection in connections if not connection.cut]
        was_busy, self._busy = self._busy, used > self._idle + limits.GUARD_FROM_BYTES
        examined = (entry for entry in present if self._busy or self._always_examined(entry))
        flows = [(entry, flow) for entry in examined if (flow := entry.flow()) is not None]
        cuts = [*self._strangers(flows), *_subscribers_of_too_much(flows, now)]
        self._follow_publishers(flows, passed_on)
        if not self._busy:
            self._forget(present)
        elif was_busy:
            _follow_subscribers(flows, used, used)
            cuts += self._behind(flows, now, used)
        else:
            _follow_subscribers(flows, used, self._idle)
        if self._busy and not cuts and used > self._threshold:
            return self._at_the_limit(flows, now, used, progress_known=was_busy)
        if cuts:
            self._acted = now
        return cuts

    def _always_examined(self, entry: Connection) -> bool:
        return entry.port == PUBLISHERS or self._is_stranger(entry)

    def _is_stranger(self, connection: Connection) -> bool:
        return self._keys and connection.key is None

    def _forget(self, present: list[Connection]) -> None:
        """Memory is as it was at the start: nothing waits for anybody."""
        for connection in present:
            connection.kept_up_at = None
        self._threshold, self._renewed = self.memory, False

    def _strangers(self, flows: _Flows) -> list[Cut]:
        """Who has not shown a key has no reason to send much."""
        return [
            Cut(entry, STRANGER, f"it sent {flow.received:,} bytes before it showed a key")
            for entry, flow in flows
            if self._is_stranger(entry)
            and flow.received > limits.STRANGER_BYTES
            and not admitted(flow, keys=True)
        ]

    def _follow_publishers(self, flows: _Flows, passed_on: int) -> None:
        """Keep account of what publishers have sent and nobody was given yet."""
        publishers = [(entry, flow) for entry, flow in flows if entry.port == PUBLISHERS]
        known = [flow.received - entry.received for entry, flow in publishers if entry.received]
        self._held = max(0, self._held + sum(known) - (passed_on - self._passed_on))
        self._passed_on = passed_on
        for entry, flow in publishers:
            if entry.received is None or self._held < _UNREAD_BYTES:
                entry.received_before = flow.received
            entry.received = flow.received

    def _behind(self, flows: _Flows, now: float, used: int) -> list[Cut]:
        """Return who is behind by more than may wait for one subscriber, if anybody is.

        One at a time, since who keeps up may seem to be behind until the memory of the one who
        does not is free; but all of those to whom nothing comes through at all.
        """
        over = _waiting(flows, used, self.subscriber_queue)
        stopped = [entry for entry in over if entry.progress == 0]
        if over and not stopped and not self.settling(now):
            stopped = [min(over, key=_progress)]
        return [
            Cut(
                entry,
                SLOW,
                f"it is up to {(used - (entry.kept_up_at or used)) / 1e6:.0f} MB behind",
            )
            for entry in stopped
        ]

    def _at_the_limit(
        self, flows: _Flows, now: float, used: int, *, progress_known: bool
    ) -> list[Cut] | None:
        """Too much memory is in use, and nobody is over his own bound."""
        if self.settling(now):
            if self._renewed:
                self._threshold = max(self.memory, int(used * _SETTLED_GROWTH))
            return []
        words = f"{used / 1e6:.0f} MB are in use, and it"
        cuts = self._slowest(flows, used, words) if progress_known else []
        cuts = cuts or self._hoarder(flows, used, words) or self._crowd(flows)
        if cuts or progress_known:
            self._acted, self._renewed = now, not cuts
            return cuts or None
        return []

    def _slowest(self, flows: _Flows, used: int, words: str) -> list[Cut]:
        """Return the subscribers to whom nothing comes through; else the one that gets least.

        But not that one where most of it has not been passed on to anybody.
        """
        waiting = sorted(_waiting(flows, used, limits.GUARD_FROM_BYTES), key=_progress)
        worst = [entry for entry in waiting if entry.progress == 0]
        if not worst and self._held < (used - (self._idle or 0)) / 2:
            worst = waiting[:1]
        return [Cut(entry, SLOW, f"{words} is the furthest behind") for entry in worst]

    def _hoarder(self, flows: _Flows, used: int, words: str) -> list[Cut]:
        """Return the publisher to which most of what nobody was given may belong."""
        publishers = [(entry, flow) for entry, flow in flows if entry.port == PUBLISHERS]
        enough = max(_UNREAD_BYTES, (used - (self._idle or 0)) / _TINY_FRAME)
        if not publishers or self._held < enough:
            return []
        worst, _ = max(publishers, key=lambda pair: pair[1].received - pair[0].received_before)
        return [Cut(worst, HOARDER, f"{words} sent most of what is kept unfinished")]

    def _crowd(self, flows: _Flows) -> list[Cut]:
        """Return all who have not come in yet, if they are many: each takes 26 KB (measured)."""
        outside = [entry for entry, flow in flows if not admitted(flow, keys=self._keys)]
        if len(outside) < limits.CROWD:
            return []
        return [Cut(entry, STRANGER, f"{len(outside):,} wait at the door") for entry in outside]


def _subscribers_of_too_much(flows: _Flows, now: float) -> list[Cut]:
    """Subscribers send subscriptions and heartbeats only."""
    return [
        Cut(entry, HOARDER, f"it sent {flow.received:,} bytes of subscriptions")
        for entry, flow in flows
        if entry.port == SUBSCRIBERS
        and flow.received - (now - entry.since) * limits.HEARTBEAT_BYTES_A_SECOND
        > limits.MAX_SUBSCRIPTIONS_BYTES
    ]


def _waiting(flows: _Flows, used: int, more_than: int) -> list[Connection]:
    """Return the subscribers for whom the kernel holds what it cannot send, and has done so while
    memory grew by more than this."""
    return [
        entry
        for entry, flow in flows
        if entry.port == SUBSCRIBERS
        and flow.waiting
        and used - (entry.kept_up_at or used) > more_than
    ]


def _progress(connection: Connection) -> int:
    return connection.progress


def _follow_subscribers(flows: _Flows, used: int, used_before: int) -> None:
    """Write down how each is doing.

    What waits for a subscriber has come since he was last seen to keep up, and memory has grown
    by it: that growth bounds it from above. `used_before` holds for those not seen before.
    """
    for entry, flow in flows:
        entry.progress = flow.acknowledged - entry.acknowledged
        entry.acknowledged = flow.acknowledged
        kept_up_at = used_before if entry.kept_up_at is None else entry.kept_up_at
        entry.kept_up_at = min(kept_up_at, used) if flow.waiting else used
