"""What a backplane has told a component that its key may do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from banyan.keys.rights import Rights
from banyan.limits import MEMORISED_TOPICS
from banyan.transport.subscriber import Frames
from banyan.wire.topics import RIGHTS_PREFIX


class Granted:
    """The rights of one key at one backplane; None until, and unless, it tells of any.

    The backplane enforces them. Here they only serve to say aloud what it will refuse.
    """

    def __init__(self, name: str, public: bytes) -> None:
        self.name = name
        self.topic = RIGHTS_PREFIX + public
        """Where the backplane tells."""
        self.rights: Rights | None = None
        self.changed: Callable[[], object] = lambda: None
        """Called when it has told something new."""
        self._key = public
        self._publish: dict[bytes, bool] = {}
        self._refused: set[str] = set()

    def heed(self, message: Frames) -> bool:
        """Take in one of Banyan's own messages; return whether it told of other rights."""
        if message[0] != self.topic or len(message) < 2:
            return False
        rights = Rights.unpack(bytes(message[1]), self._key)
        if rights is None or rights == self.rights:
            return False
        self.rights, self._publish = rights, {}
        return True

    def may_publish(self, topic: bytes) -> bool:
        """Tell whether a message on this topic will pass; safe from any thread."""
        known = self._publish
        verdict = known.get(topic)
        if verdict is None:
            verdict = self.rights is None or self.rights.may_publish(topic)
            if len(known) >= MEMORISED_TOPICS:
                known.clear()
            known[topic] = verdict
        return verdict

    def newly_refused(self, topics: Iterable[str]) -> list[str]:
        """Return those of all topics subscribed to that have become forbidden since last asked."""
        rights = self.rights
        refused = {topic for topic in topics if rights and not rights.may_subscribe(topic.encode())}
        new = sorted(refused - self._refused)
        self._refused = refused
        return new
