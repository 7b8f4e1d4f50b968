"""What a subscriber's process does with what it receives: counts it, or asks and answers."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Any, Final

from benchmarks.adapter import Message
from benchmarks.channel import Channel, Command

_LOOKS: Final = 256
"""How often in a burst the clock is looked at: more would show in what is measured."""


class Markers:
    """Hears when the paths from all publishers through all places are up, and when to begin.

    Says `heard` once it has got one marker of each publisher through each place, and `steady`
    once it has got the last: then no marker is under way any more.
    """

    def __init__(self, channel: Channel, publishers: int, copies: int) -> None:
        self._channel = channel
        self._publishers, self._copies = publishers, copies
        self._counts: Counter[tuple[int, object]] = Counter()
        self._heard: set[int] = set()
        self._lasts = 0

    def receive(self, payload: Any) -> bool:
        """Take a marker; return whether it was the very last."""
        if not isinstance(payload, dict) or "marker" not in payload:
            return False
        if payload["marker"] == "last":
            self._lasts += 1
            return self._lasts == self._publishers * self._copies
        self._count(payload["by"], payload["marker"])
        return False

    def _count(self, publisher: int, marker: object) -> None:
        self._counts[publisher, marker] += 1
        if self._counts[publisher, marker] == self._copies and publisher not in self._heard:
            self._heard.add(publisher)
            if len(self._heard) == self._publishers:
                self._channel.say("heard", at=time.perf_counter())


class Tally:
    """Counts messages and notes when they arrived; what it does for each is part of the figures.

    {"do": "expect", "count": n}  begins anew: answered by `expecting`, then `complete`
    {"do": "progress"}            answered by `progress`
    """

    def __init__(self, channel: Channel, start: Command) -> None:
        self._channel = channel
        self._markers: Markers | None = Markers(channel, start["publishers"], start["copies"])
        self._topics = len(start["topics"])
        self._count = 0
        self._look_at = 0
        self._expected = 0
        self._looked: tuple[int, float] = (0, 0.0)
        self._numbers: set[int] = set()

    def receive(self, payload: Any) -> None:
        """Count a message."""
        self._count += 1
        if self._count >= self._look_at:
            self._look(payload)

    def receive_number(self, payload: Any) -> None:
        """Count a message and remember its number, which says its topic."""
        self._numbers.add(payload.get("msg", -1))
        self.receive(payload)

    def obey(self, command: Command) -> None:
        """Do what the runner says."""
        if command["do"] == "expect":
            self._expect(command["count"])
        else:
            self._channel.say("progress", **self._progress())

    def _expect(self, count: int) -> None:
        self._count, self._expected, self._looked = 0, count, (0, 0.0)
        self._markers = None
        self._look_at = min(count, max(1, count // _LOOKS))
        self._numbers.clear()
        self._channel.say("expecting")

    def _look(self, payload: Any) -> None:
        if self._markers is not None:
            if self._markers.receive(payload):
                self._channel.say("steady")
            return
        self._looked = self._count, time.perf_counter()
        if self._count < self._expected:
            self._look_at = min(self._expected, self._count + max(1, self._expected // _LOOKS))
            return
        self._look_at = sys.maxsize
        self._channel.say("complete", **self._progress())

    def _progress(self) -> dict[str, object]:
        topics = {number % self._topics for number in self._numbers.copy()}
        count, at = self._looked
        return {"count": self._count, "looked": count, "at": at, "topics": len(topics)}


class Asker:
    """Makes round trips, one after the other, from the last marker on; says `trips` at the end."""

    def __init__(self, channel: Channel, start: Command) -> None:
        self._channel = channel
        self._markers: Markers | None = Markers(channel, 1, 1)
        self._trips: int = start["trips"]
        self._seconds: float = start["seconds"]
        self._times: list[float] = []
        self._asked = 0.0
        self._begun = 0.0

    def receive(self, payload: Any) -> Message | None:
        """Take an answer and return the next question."""
        now = time.perf_counter()
        if self._markers is None:
            self._times.append(now - self._asked)
            if len(self._times) == self._trips or now - self._begun > self._seconds:
                self._channel.say("trips", times=self._times)
                return None
        elif not self._markers.receive(payload):
            return None
        else:
            self._markers, self._begun = None, now
        self._asked = time.perf_counter()
        return "ask", {"msg": len(self._times)}


def echo(payload: Any) -> Message:
    """Answer a question with itself."""
    return "answer", payload
