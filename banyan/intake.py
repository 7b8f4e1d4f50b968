"""Bounds what waits in a component that is slower than its messages come; on Linux only.

A component's own queue has no length, or libzmq would abort the process (see
`sockets.open_subscriber`): what its handler is too slow for piles up in its memory. One thread
for all components of the process looks at how much that is, as long as messages come, and cuts a
component's connection when it is too much. libzmq connects again by itself. What is published
meanwhile is lost to this component alone.
"""

from __future__ import annotations

import contextlib
import logging
import math
import mmap
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

from banyan import limits
from banyan.counters import Counters
from banyan.transport.inflow import Inflow
from banyan.transport.link import Link

logger = logging.getLogger("banyan")

_MESSAGE_BYTES: Final = 150
"""Memory of a waiting message besides its bytes: libzmq's two frames of 64 bytes, and what the heap
adds (measured: 136 bytes in all for one of 15 bytes)."""

_HEADER_BYTES: Final = 4
_LONG_HEADER_BYTES: Final = 11
"""What ZMTP adds to a message of two frames; the second where the payload has over 255 bytes."""


_FIRST_PAUSE_S: Final = 0.01
"""The shortest pause between two looks, and the first one: a flood may just have begun."""

_CURVE_BYTES: Final = 66
"""What CURVE adds to it, 33 to each frame: command name, nonce, flags and code (ZeroMQ RFC 26)."""

_STATM: Final = Path("/proc/self/statm")
_PAGE_BYTES: Final = mmap.PAGESIZE


class Loop(Protocol):
    """What is asked of the receive loop."""

    @property
    def running(self) -> bool: ...
    @property
    def empty(self) -> bool: ...
    @property
    def uncounted_bytes(self) -> int: ...
    def soon(self, action: Callable[[], None]) -> None: ...
    def announce_next(self) -> None: ...


class Intake:
    """How much waits in one component, in bytes, and what is done when it is too much.

    What arrived is known exactly, what was taken out nearly: heartbeats, probes and what libzmq
    threw away with a connection are not. So the loop is asked now and then whether it has nothing
    left, which puts the figure right.
    """

    def __init__(
        self, links: Callable[[], Iterable[Link]], loop: Loop, counters: Counters, limit: int
    ) -> None:
        self.waiting = 0
        """Bytes of memory that unread messages take, as of the last look; an estimate."""
        self.cutting = False
        self.pause = _FIRST_PAUSE_S
        """Seconds until the next look is due."""
        self.closed = False
        self.resting = False
        self._links, self._loop, self._counters, self._limit = links, loop, counters, limit
        self._inflows: dict[Link, Inflow] = {}
        self._marks: dict[Inflow, int] = {}
        self._past = 0
        self._error = 0
        self._asked = False
        self._answer: tuple[int, int] | None = None
        self._busy = time.monotonic(), 0
        self._short = 0, 0
        self._mean = math.inf
        self._memory = _memory()
        self._last = time.monotonic(), 0

    @property
    def finished(self) -> bool:
        """Whether nothing has come for a while, or nobody receives any more."""
        return self.closed or self.resting or not self._loop.running

    def begin(self) -> None:
        """Be looked at from now on, closely at first."""
        self.resting, self.pause = False, _FIRST_PAUSE_S

    def look(self) -> None:
        """Measure and act."""
        inflows = self._look_at_links()
        arrived = self._past + sum(inflow.arrived for inflow in inflows)
        self.waiting = self._weigh(arrived)
        if self.waiting < self._limit // 8:
            self._marks = {inflow: inflow.arrived for inflow in inflows}
            self._short = self._counters.received, self._counters.received_bytes
            self._memory = _memory()
        if not self._asked and (self.waiting >= self._limit // 8 or self._quiet(arrived)):
            self._asked = True
            self._loop.soon(lambda: self._tell(arrived))
        self._decide(inflows)
        self._choose_pause(arrived)

    def descriptors(self) -> list[int]:
        """Return what becomes readable when a connection is made or lost."""
        return [inflow.watch.descriptor for inflow in self._inflows.values()]

    def close(self) -> None:
        """Stop looking; the thread lets go of it at its next turn."""
        self.closed = True

    # --- inside -----------------------------------------------------------------------------

    def _look_at_links(self) -> list[Inflow]:
        links = [link for link in self._links() if link.subscriber is not None]
        for gone in [link for link in self._inflows if link not in links]:
            inflow = self._inflows.pop(gone)
            inflow.close()
            self._past += inflow.arrived
        for link in links:
            watch, url = link.subscriber_watch, link.subscriber_url
            if link not in self._inflows and watch is not None and url is not None:
                self._inflows[link] = Inflow(watch, int(url.rpartition(":")[2]))
        for inflow in self._inflows.values():
            inflow.look()
        return list(self._inflows.values())

    def _taken(self) -> int:
        """Return how many bytes the component has taken out, with what ZMTP adds to them."""
        taken, count = self._counters.received_bytes, self._counters.received
        header = _LONG_HEADER_BYTES if taken > 255 * count else _HEADER_BYTES
        if any(link.credentials is not None for link in self._inflows):
            header += _CURVE_BYTES
        return taken + header * count + self._loop.uncounted_bytes

    def _weigh(self, arrived: int) -> int:
        """Return the memory of what arrived and was not taken out."""
        if self._answer is not None:
            (before, taken), self._answer = self._answer, None
            self._error = max(self._error, before - taken)
        left = arrived - self._taken()
        self._error = min(self._error, left)  # less than nothing cannot wait
        # What was taken since the queue was short is the first part of what was in it.
        count, size = self._counters.received, self._counters.received_bytes
        if count > self._short[0]:
            self._mean = max(1.0, (size - self._short[1]) / (count - self._short[0]))
        raw = left - self._error
        weighed = int(raw * (1 + _MESSAGE_BYTES / (_HEADER_BYTES + self._mean)))
        # But what follows may be larger messages: the process tells what all of it takes.
        return max(raw, min(weighed, _memory() - self._memory))

    def _tell(self, before: int) -> None:
        """Note, in the loop's thread, that all that had arrived before was taken out, if so."""
        if self._loop.empty:
            self._answer = before, self._taken()
            if self._quiet(before):
                self._loop.announce_next()
                self.resting = True
        self._asked = False

    def _decide(self, inflows: list[Inflow]) -> None:
        if self.cutting:
            self.cutting = self.waiting > self._limit // 2
        elif self.waiting > self._limit:
            self.cutting = True
            self._counters.cut_off += 1
            logger.warning(
                "this component is too slow for its messages: about %d MiB of them wait. Its"
                " connection is cut until it is half of the %d MiB it may take; what is published"
                " meanwhile does not reach it",
                self.waiting >> 20,
                self._limit >> 20,
            )
        if self.cutting:
            for inflow in self._greedy(inflows):
                inflow.cut()

    def _greedy(self, inflows: list[Inflow]) -> list[Inflow]:
        """Return those that brought at least their share since the queue was last short."""
        brought = [(inflow, inflow.arrived - self._marks.get(inflow, 0)) for inflow in inflows]
        share = sum(count for _, count in brought) / max(1, len(brought))
        return [inflow for inflow, count in brought if count >= share]

    def _choose_pause(self, arrived: int) -> None:
        """Look again when half of what there is room for may have come, at the present rate."""
        now = time.monotonic()
        (before, brought), self._last = self._last, (now, arrived)
        rate = (arrived - brought) / max(0.001, now - before)
        room = max(0, self._limit - self.waiting)
        soon = room / 2 / rate if rate > 0 else math.inf
        longest = min(2 * self.pause, limits.RECEIVE_QUEUE_CHECK_S)
        self.pause = longest if self.cutting else max(_FIRST_PAUSE_S, min(longest, soon))

    def _quiet(self, arrived: int) -> bool:
        """Return whether nothing but heartbeats has come for a while."""
        passed = time.monotonic() - self._busy[0]
        if arrived - self._busy[1] > limits.HEARTBEAT_BYTES_A_SECOND * (passed + 1):
            self._busy = time.monotonic(), arrived
        return passed > limits.RECEIVE_QUEUE_QUIET_S


def _memory() -> int:
    """Return the memory of this process in bytes; 0 where that cannot be read."""
    with contextlib.suppress(OSError):
        return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    return 0
