"""What a publisher's process publishes: markers until they are heard, then bursts, as told."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from benchmarks.adapter import Message
from benchmarks.channel import Channel, Command

_FLUSHES: Final = 50
"""Pauses after a burst in which an adapter may flush, before the next command is waited for."""

_MOST_PAUSES: Final = 250
"""Between two markers: systems that take 0.4 s for a message must not have hundreds waiting."""

_CHUNKS_A_SECOND: Final = 1000
"""How often a paced burst looks at the clock: as often as an adapter's pause is long."""


class Publishing:
    """The messages of one publisher, by command of the runner.

    {"do": "mark", "topic": t, "pace": n}   markers until the next command; n times longer pauses
    {"do": "last", "topic": t}              one marker after which no others come
    {"do": "burst", "topics": [...], "first": n, "count": n, "size": n | "array": [...], "rate": n}
    {"do": "end"}
    """

    def __init__(self, channel: Channel, number: int) -> None:
        self._channel = channel
        self._number = number
        self._following: Command | None = None

    def messages(self) -> Iterable[Message | None]:
        """Return all of it, in one iterable that costs as little as can be for each message."""
        return itertools.chain.from_iterable(self._parts())

    def _parts(self) -> Iterator[Iterable[Message | None]]:
        self._channel.say("ready")
        while (command := self._next_command())["do"] != "end":
            if command["do"] == "mark":
                yield self._marks(command["topic"], command.get("pace", 3))
            elif command["do"] == "last":
                yield [(command["topic"], {"marker": "last", "by": self._number})]
                yield self._flushes()
            else:
                messages = burst(command)
                begun = time.perf_counter()
                yield messages
                self._channel.say("sent", begun=begun, ended=time.perf_counter())
                yield self._flushes()

    def _next_command(self) -> Command:
        command, self._following = self._following or self._channel.next(), None
        return command

    def _no_command(self) -> bool:
        self._following = self._channel.poll()
        return self._following is None

    def _marks(self, topic: str, pace: int) -> Iterator[Message | None]:
        pauses = 1
        for number in itertools.count():
            yield topic, {"marker": number, "by": self._number}
            for _ in range(pauses):
                yield None
                if not self._no_command():
                    return
            pauses = min(pauses * pace, _MOST_PAUSES)

    def _flushes(self) -> Iterator[None]:
        for _ in range(_FLUSHES):
            if not self._no_command():
                return
            yield None


def burst(command: Command) -> Iterable[Message | None]:
    """Return a burst's messages."""
    numbers = range(command["first"], command["first"] + command["count"])
    messages = zip(itertools.cycle(command["topics"]), _payloads(command, numbers), strict=False)
    rate = command.get("rate")
    return _paced(messages, rate) if rate else messages


def _payloads(command: Command, numbers: range) -> Iterable[Any]:
    if shape := command.get("array"):
        import numpy as np

        array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        return itertools.repeat(array, len(numbers))
    if size := command.get("size"):
        data = bytes(size)
        return ({"msg": number, "data": data} for number in numbers)
    return ({"msg": number} for number in numbers)


def _paced(messages: Iterator[Message], rate: float) -> Iterator[Message | None]:
    """Yield messages at a rate, in chunks, with pauses while there is time left."""
    chunk = max(1, round(rate / _CHUNKS_A_SECOND))
    due = time.perf_counter()
    while some := tuple(itertools.islice(messages, chunk)):
        while time.perf_counter() < due:
            yield None
        yield from some
        due += chunk / rate
