"""Components for tests: they record what they receive, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from banyan.banyan_base import BanyanBase
from banyan.component import Component
from tools.programs import eventually


class Recorder(BanyanBase):
    """Remembers every message as (topic, payload); stops by itself after `enough` of them."""

    def __init__(self, *topics: str, enough: int | None = None, **keywords: Any) -> None:
        self.got: list[tuple[str, Any]] = []
        self.enough = enough
        super().__init__(**keywords)
        for topic in topics:
            self.set_subscriber_topic(topic)

    def incoming_message_processing(self, topic: str, payload: Any) -> None:
        self.got.append((topic, payload))
        if len(self.got) == self.enough:
            self.stop()

    def wait_for(self, count: int, timeout: float = 10) -> list[tuple[str, Any]]:
        """Return what was received, as soon as there are `count` messages."""
        eventually(lambda: len(self.got) >= count, timeout, f"{count} messages")
        return self.got


@contextmanager
def receiving(component: Component) -> Iterator[None]:
    """Run a component's receive loop in a thread; stop it and clean up on the way out."""
    thread = threading.Thread(target=component.receive_loop)
    thread.start()
    try:
        yield
    finally:
        component.stop()
        thread.join(5)
        component.clean_up()
        assert not thread.is_alive(), "receive_loop did not stop"
