"""The components on the bus, each a process: `python -m soak.parts ROLE SETTINGS` (JSON).

Each says how it fares once a second, as a line of JSON, and once more at its end.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from banyan.banyan_base import BanyanBase
from banyan.banyan_base_multi import BanyanBaseMulti
from soak.ledger import Ledger

SPOKEN_EVERY_S: Final = 1.0
_LINES_SPOKEN: Final = 40
"""Lines of a ledger in a status: those heard last."""

Settings = Mapping[str, Any]


class Listening:
    """What a subscriber does with a message, whichever base class it has."""

    ledger: Ledger
    naps: tuple[float, float]
    """Seconds it sleeps in its handler, and the share of messages after which it does."""

    def prepare(self, settings: Settings) -> None:
        self.ledger = Ledger()
        self.naps = tuple(settings.get("naps", (0.0, 0.0)))
        self.foreign = self._recycled = 0
        self._chance = random.Random(0)

    def heard(self, topic: str, payload: Any, recycled: int) -> None:
        if type(payload) is not dict or "life" not in payload:
            self.foreign += 1
            return
        if recycled > self._recycled:  # missed in shared memory, and said so: a report as well
            self.ledger.gap(topic, "shared memory", recycled - self._recycled)
            self._recycled = recycled
        fill = payload["fill"]
        intact = payload["sum"] == zlib.crc32(fill) and payload["topic"] == topic
        self.ledger.heard(topic, payload["life"], payload["number"], intact=intact)
        if self._chance.random() < self.naps[1]:
            time.sleep(self.naps[0])

    def status(self) -> dict[str, Any]:
        ledger = self.ledger
        lines = itertools.islice(reversed(list(ledger.lines.items())), _LINES_SPOKEN)
        return {
            "received": ledger.received,
            "lost": ledger.lost,
            "reported": ledger.reported,
            "foreign": self.foreign,
            "fault_count": ledger.fault_count,
            "faults": list(ledger.faults),
            "last": {f"{life} {topic}": line.last for (life, topic), line in lines},
        }


class Listener(Listening, BanyanBase):
    def incoming_message_processing(self, topic: str, payload: Any) -> None:
        counters = self.counters
        self.heard(topic, payload, counters.recycled + counters.elsewhere)

    def on_gap(self, topic: str, publisher: str, missed: int) -> None:
        self.ledger.gap(topic, publisher, missed)


class MultiListener(Listening, BanyanBaseMulti):
    def incoming_message_processing(self, topic: str, payload: Any) -> None:
        counters = self.counters
        self.heard(topic, payload, counters.recycled + counters.elsewhere)

    def on_gap(self, topic: str, publisher: str, missed: int) -> None:
        self.ledger.gap(topic, publisher, missed)


class Speaker:
    """Publishes numbered messages on its topics, a few at a time."""

    def __init__(self, publish: Callable[[Any, str], None], settings: Settings) -> None:
        self.life = f"{settings['name']}-{os.urandom(4).hex()}"
        self.topics: list[str] = settings["topics"]
        self.rate: float = settings["rate"]
        self.sizes: list[int] = settings["sizes"]
        self.sent = dict.fromkeys(self.topics, 0)
        """The number of the last message that publish_payload returned for."""
        self._publish = publish
        self._numbers = dict.fromkeys(self.topics, 0)
        self._chance = random.Random(self.life)

    def run(self) -> None:
        """Publish until interrupted: the rate is kept on average, in bursts of a random length."""
        pace, due = threading.Event(), time.monotonic()
        while True:
            burst = self._chance.randrange(1, max(2, int(self.rate / 10)))
            for _ in range(burst):
                self._speak(self._chance.choice(self.topics))
            due = max(due + burst / self.rate, time.monotonic() - 1)
            pace.wait(max(0.0, due - time.monotonic()))

    def _speak(self, topic: str) -> None:
        self._numbers[topic] = number = self._numbers[topic] + 1
        fill = self._chance.randbytes(self._chance.choice(self.sizes))
        message = {"life": self.life, "number": number, "topic": topic}
        self._publish({**message, "sum": zlib.crc32(fill), "fill": fill}, topic)
        self.sent[topic] = number

    def status(self) -> dict[str, Any]:
        return {"sent": {f"{self.life} {topic}": number for topic, number in self.sent.items()}}


@contextlib.contextmanager
def speaking(component: Any, status: Callable[[], dict[str, Any]]) -> Iterator[None]:
    """Print a status once a second and at the end."""
    ended, lock = threading.Event(), threading.Lock()

    def say() -> None:
        counters = {name: getattr(component.counters, name) for name in _COUNTERS}
        with lock:
            print(json.dumps({**status(), "counters": counters}), flush=True)

    def go_on() -> None:
        while not ended.wait(SPOKEN_EVERY_S):
            say()

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        say()


_COUNTERS: Final = ("published", "given_up", "received", "undecodable", "missed", "duplicates")


def subscriber(settings: Settings) -> None:
    component: Any = _component(settings, Listener, MultiListener)
    component.prepare(settings)
    if "routes" not in settings:  # otherwise the topics stand there
        for topic in settings["topics"]:
            component.set_subscriber_topic(topic)
    with component, speaking(component, component.status), contextlib.suppress(KeyboardInterrupt):
        component.receive_loop()


def publisher(settings: Settings) -> None:
    component: Any = _component(settings, BanyanBase, BanyanBaseMulti)

    def broadcast(payload: Any, topic: str) -> None:
        component.publish_payload(payload, "BROADCAST", topic)

    publish = broadcast if "routes" in settings else component.publish_payload
    speaker = Speaker(publish, settings)
    with speaking(component, speaker.status), component, contextlib.suppress(KeyboardInterrupt):
        speaker.run()


def _component(settings: Settings, single: type[Any], multi: type[Any]) -> Any:
    keywords = {"process_name": "soak", "stamped": True, "shared": settings.get("shared", False)}
    if "routes" in settings:
        return multi(settings["routes"], **keywords)
    return single(**settings["keywords"], **keywords)


if __name__ == "__main__":
    {"subscriber": subscriber, "publisher": publisher}[sys.argv[1]](json.loads(sys.argv[2]))
