"""Components as processes: told what to publish, asked what they received."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from faults.processes import Process, held_within, wait_until

_SETTLES_S: Final = 15.0
_POLL_S: Final = 0.01

NOTHING: Final = {
    "received": 0, "first": -1, "last": -1, "missing": 0, "disorder": 0, "twice": 0,
}  # fmt: skip
"""The page of a publisher that was not heard."""


class Component(Process):
    """A process of programs/component.py: publishes and counts as lines of JSON tell it."""

    def ready(self, timeout: float = 15) -> None:
        """Return when it has subscribed and receives."""
        while self.line(timeout) != "ready":  # banners may come before
            pass

    def tell(self, do: str, **arguments: object) -> None:
        """Give it a command; its answer comes by `answer`."""
        self.write(json.dumps({"do": do, **arguments}))

    def answer(self, timeout: float = 10) -> dict[str, Any]:
        """Return the answer to the oldest command that has none yet."""
        while not (line := self.line(timeout)).startswith("{"):
            pass
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, do: str, timeout: float = 10, **arguments: object) -> dict[str, Any]:
        """Give it a command and return the answer."""
        self.tell(do, **arguments)
        return self.answer(timeout)

    def pages(self) -> dict[str, dict[str, int]]:
        """Return what it has received, by publisher."""
        pages: dict[str, dict[str, int]] = self.ask("state")["publishers"]
        return pages

    def page(self, publisher: str = "a") -> dict[str, int]:
        """Return what it has received of one publisher."""
        return self.pages().get(publisher, NOTHING)

    def wait_for_number(self, number: int, publisher: str = "a", timeout: float = 10) -> None:
        """Return when this is the last message of a publisher that it has received."""
        wait_until(
            lambda: self.page(publisher)["last"] == number, timeout, "the last message arrives"
        )

    def is_heard_by(self, subscriber: Component, topic: str, timeout: float) -> bool:
        """Publish until a subscriber hears it; False if it does not in time."""

        def heard() -> bool:
            publisher = self.ask("publish", topic=topic, count=1)["publisher"]
            return publisher in subscriber.pages()

        return held_within(heard, timeout)

    def hears(self, publisher: str, timeout: float) -> bool:
        """Tell whether it hears a publisher in time."""
        return held_within(lambda: publisher in self.pages(), timeout)

    def settle(self, count: int, publisher: str = "a", quiet: float = 1) -> dict[str, int]:
        """Return what it has received once that is all, or nothing comes for `quiet` seconds."""
        deadline, seen, changed = time.monotonic() + _SETTLES_S, -1, time.monotonic()
        while True:
            page, now = self.page(publisher), time.monotonic()
            if page["received"] != seen:
                seen, changed = page["received"], now
            if seen >= count or now > min(deadline, changed + quiet):
                return page
            time.sleep(_POLL_S)
