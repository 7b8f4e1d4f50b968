"""The processes of a benchmark and the talk with them: bursts, round trips, what went wrong."""

from __future__ import annotations

import json
import queue
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import click

from banyan.cli.bench_figures import Counted, RoundTrips, Throughput
from banyan.cli.bench_plan import BURST_S, Task, size_name
from banyan.cli.children import STARTING_S, Child, Children
from banyan.cli.own_backplane import Place

PATIENCE_S: Final = 10.0
"""How long a burst may take that was planned for BURST_S; longer than any recovery takes."""

FIRST_PATIENCE_S: Final = 5.0
"""How long the warm-up of a row may take: a megabyte at most."""

AGAIN_S: Final = 0.25
"""After this time without an answer, what may have got lost on its way is sent once more."""

SUSPICIOUS_S: Final = 1.0
"""After this time without an answer, the backplane is asked whether it still lives."""

WARM_UP_TRIPS: Final = 100

Answer = dict[str, Any]
Tick = Callable[[float], None]
"""Called with the part of a task that is done, from 0 to 1."""


class Stage:
    """One publisher and some subscribers on a backplane, and a pair for round trips."""

    def __init__(
        self,
        children: Children,
        place: Place,
        subscribers: int,
        *,
        trips: bool,
        shared: bool,
        keys: str | None = None,
    ) -> None:
        self._children = children
        self._place = place
        key_options = [] if keys is None else ["--keys", keys]
        self._options = (*place.options, *(["--shared"] if shared else []), *key_options)
        self._prefix = f"banyan/bench/{secrets.token_hex(6)}"
        names = [f"subscriber {number}" for number in range(1, subscribers + 1)]
        self._publisher = self._peer("publisher", "publisher")
        self._subscribers = [self._peer(name, "subscriber") for name in names]
        pair = ("echo", "asker") if trips else ()
        self._pair = [self._peer(role, role) for role in pair]
        self._bursts = 0
        self._trying = "to reach the backplane"
        for peer in (self._publisher, *self._subscribers, *self._pair):
            self._hear(peer, "ready", STARTING_S)

    # --- throughput -------------------------------------------------------------------------

    def throughput(self, task: Task, tick: Tick) -> Throughput:
        """Publish bursts of one size until the task is done."""
        self._trying = f"messages of {size_name(task.size)} on {self._prefix}/flow"
        speed = self._warm_up(task)
        before = self._cpu_s()
        counted, begun = Counted(), time.monotonic()
        while not task.done(counted.published, spent := time.monotonic() - begun):
            tick(task.progress(counted.published, spent))
            self._burst(task, task.burst(counted.published, spent, speed), counted)
            speed = counted.per_second() / len(self._subscribers) or speed
        if not counted.delivered:
            raise self._nothing_arrives()
        used = [after - former for after, former in zip(self._cpu_s(), before, strict=True)]
        return counted.row(task.size, len(self._subscribers), task.rate, used[0], sum(used[1:]))

    def _warm_up(self, task: Task) -> float:
        """Publish until every subscriber gets something; return messages a second."""
        deadline = time.monotonic() + FIRST_PATIENCE_S
        while time.monotonic() < deadline:
            counted = Counted()
            if self._burst(task, task.warm_up(), counted, FIRST_PATIENCE_S):
                return counted.per_second() / len(self._subscribers)
        raise self._nothing_arrives()

    def _burst(
        self, task: Task, count: int, counted: Counted, patience: float = PATIENCE_S
    ) -> bool:
        """Publish a burst and count what arrives; return whether all subscribers got some."""
        self._bursts += 1
        self._tell(
            self._publisher,
            do="burst", number=self._bursts, count=count, size=task.size, rate=task.rate,
        )  # fmt: skip
        planned = count / task.rate if task.rate else 0
        sent = self._hear(self._publisher, "sent", planned + patience)
        heard = [
            self._hear(subscriber, "heard", patience, self._mark)
            for subscriber in self._subscribers
        ]
        counted.add(count - sent["given_up"], sent["seconds"], heard)
        return all(answer["count"] for answer in heard)

    def _mark(self) -> None:
        """Publish the mark of the burst once more: a full queue may have swallowed the first."""
        self._tell(self._publisher, do="mark", number=self._bursts)

    def _cpu_s(self) -> list[float]:
        """Return the CPU time so far, the publisher's first."""
        peers = (self._publisher, *self._subscribers)
        for peer in peers:
            self._tell(peer, do="usage")
        return [self._hear(peer, "usage", PATIENCE_S)["cpu_s"] for peer in peers]

    # --- round trips ------------------------------------------------------------------------

    def round_trips(self, task: Task, tick: Tick) -> RoundTrips:
        """Ask and answer, one message at a time, until the task is done."""
        self._trying = f"round trips of {size_name(task.size)} on {self._prefix}/ask and /answer"
        self._knock()
        self._trips(task.size, WARM_UP_TRIPS, BURST_S)
        times: list[float] = []
        begun = time.monotonic()
        while not task.done(len(times), spent := time.monotonic() - begun):
            tick(task.progress(len(times), spent))
            times += self._trips(task.size, *task.trips(len(times), spent))
        return RoundTrips.of(task.size, times)

    def _knock(self) -> None:
        """Return once a message has gone to the echo and come back."""
        asker = self._pair[1]
        self._tell(asker, do="knock")
        self._hear(asker, "answered", PATIENCE_S, lambda: self._tell(asker, do="knock"))

    def _trips(self, size: int, count: int, seconds: float) -> list[float]:
        """Make round trips until there are `count` or the time is over; return their seconds."""
        self._tell(self._pair[1], do="trips", size=size, count=count, seconds=seconds)
        times: list[float] = self._hear(self._pair[1], "trips", PATIENCE_S)["times"]
        return times

    # --- talking ----------------------------------------------------------------------------

    def _peer(self, name: str, role: str) -> Child:
        arguments = (role, self._prefix, *self._options)
        return self._children.start_module(name, "banyan.cli.bench_peer", *arguments)

    def _tell(self, peer: Child, **command: object) -> None:
        peer.tell(json.dumps(command))

    def _hear(
        self, peer: Child, said: str, patience: float, again: Callable[[], None] | None = None
    ) -> Answer:
        """Return the next answer of a kind; raise a ClickException if there is none in time.

        `again` is called every AGAIN_S meanwhile. Raises StoppedError if the user wants the end.
        """
        asked = time.monotonic()
        turns = _turns(AGAIN_S), _turns(SUSPICIOUS_S)
        while time.monotonic() < asked + patience:
            self._children.check()
            answer = _next(peer)
            if answer is not None and answer["said"] == said:
                return answer
            if next(turns[0]) and again is not None:
                again()
            if said != "ready" and next(turns[1]):
                self._check_backplane()
        raise self._failure(f"{peer.name} (pid {peer.pid}) has not answered within {patience:g} s.")

    # --- what went wrong --------------------------------------------------------------------

    def _check_backplane(self) -> None:
        from banyan.transport.discovery import NOBODY_LISTENS

        if NOBODY_LISTENS in self._states().values():
            raise click.ClickException(f"the backplane at {self._place} has gone.")

    def _states(self) -> dict[int, str]:
        """Return what stands at the backplane's ports, in words."""
        from banyan.transport.discovery import greetings

        ports = self._place.publisher_port, self._place.subscriber_port
        ends = [(self._place.address, port) for port in ports]
        return dict(zip(ports, greetings(ends, SUSPICIOUS_S), strict=True))

    def _nothing_arrives(self) -> click.ClickException:
        return self._failure(f"no message arrives within {FIRST_PATIENCE_S:g} s.")

    def _failure(self, what: str) -> click.ClickException:
        """Return an error that says what was tried and how the backplane fares."""
        states = "; ".join(f"port {port}: {state}" for port, state in self._states().items())
        return click.ClickException(
            f"{what}\nTried: {self._trying}.\nBackplane at {self._place.address}: {states}.\n"
            "If it answers: does it let messages of that size through (--max-message-size)?"
        )


def _next(peer: Child) -> Answer | None:
    """Return what a peer says next; None if it says nothing for a moment."""
    try:
        answer: Answer = json.loads(peer.lines.get(timeout=0.1))
    except queue.Empty:
        return None
    return answer


def _turns(seconds: float) -> Iterator[bool]:
    """Say, each time it is asked, whether its time has come round again."""
    due = time.monotonic() + seconds
    while True:
        now = time.monotonic()
        yield now >= due
        if now >= due:
            due = now + seconds
