"""A component of ours that talks with one of the peer's, as a test needs it."""

from __future__ import annotations

import itertools
import time
from typing import Any

from tools import Backplane, Program

from banyan.banyan_base import BanyanBase

Message = tuple[str, Any]


class Partner(BanyanBase):
    """Publishes, and collects what it hears in `inbox`."""

    def __init__(self, backplane: Backplane, *topics: str, numpy: bool = False) -> None:
        super().__init__(**backplane.keywords, process_name="Partner", numpy=numpy, loop_time=0.02)
        self.inbox: list[Message] = []
        self._wanted, self._deadline = 0, 0.0
        self.receive_loop_idle_addition = self._look_at_the_clock
        for topic in topics:
            self.set_subscriber_topic(topic)

    def incoming_message_processing(self, topic: str, payload: Any) -> None:
        """Keep a message; leave the loop when there are enough."""
        self.inbox.append((topic, payload))
        if len(self.inbox) >= self._wanted:
            self.stop()

    def gather(self, count: int = 1, timeout: float = 10) -> list[Message]:
        """Take the next messages; fewer if they do not come in time."""
        self._wanted, self._deadline = count, time.monotonic() + timeout
        if len(self.inbox) < count:
            self.receive_loop()
        taken, self.inbox = self.inbox[:count], self.inbox[count:]
        return taken

    def ask(self, payload: Any, topic: str, timeout: float = 10) -> Message:
        """Publish a payload and return the next message that comes."""
        self.publish_payload(payload, topic)
        answers = self.gather(1, timeout)
        assert answers, f"no answer to {str(payload)[:100]!r} on {topic!r} within {timeout} s"
        return answers[0]

    def meet(self, peer: Program, topic: str, reply: str, timeout: float = 10) -> None:
        """Greet a component of the peer until it answers: it is subscribed then.

        Returns when the last greeting came back, so that no other one is still to come.
        """
        self.set_subscriber_topic(reply)
        deadline = time.monotonic() + timeout
        for number in itertools.count():
            assert peer.running, f"it has ended: {peer.report()}"
            assert time.monotonic() < deadline, f"it does not answer: {peer.report()}"
            self.publish_payload({"n": number}, topic)
            answers = self.gather(1, 0.1)
            while answers and answers[0][1] != {"n": number}:
                answers = self.gather(1, 2)
            if answers:
                return

    def _look_at_the_clock(self) -> None:
        if time.monotonic() > self._deadline:
            self.stop()
