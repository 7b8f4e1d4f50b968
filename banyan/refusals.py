"""Says aloud, and counts, what a component does that its key does not permit.

The backplane enforces it and says so as well; without this, the component would seem to be deaf
or unheard for no reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from banyan.counters import Counters
from banyan.logs import QuietLog
from banyan.transport.granted import Granted
from banyan.transport.link import Link
from banyan.wire.wording import shown

_NAMED: Final = 10
"""Permitted topics that a warning names."""


class Refusals:
    """Warns of what is refused on the links of one component."""

    def __init__(self, counters: Counters, log: QuietLog) -> None:
        self._counters = counters
        self._log = log

    def watch(self, link: Link) -> None:
        """Warn from now on whenever rights change so that a subscription becomes forbidden."""
        if link.granted is not None:
            link.granted.changed = lambda: self.look(link)

    def look(self, link: Link) -> None:
        """Warn of every subscription that is forbidden, once."""
        granted = link.granted
        if granted is None or granted.rights is None:
            return
        for topic in granted.newly_refused(link.topics):
            self._counters.refused += 1
            self._log.warning(
                f"refused subscription {topic}",
                "subscribing to %r at %s is not permitted to key %s, so nothing of it arrives; "
                "permitted: %s",
                topic,
                link,
                granted.name,
                _list(granted.rights.subscribe),
            )

    def publishing(self, granted: Granted, topic: bytes) -> None:
        """Warn of a message that the backplane will drop."""
        self._counters.refused += 1
        self._log.warning(
            "refused message",
            "publishing on %r is not permitted to key %s, so the backplane drops it; permitted: %s",
            topic.decode(),
            granted.name,
            _list(granted.rights.publish if granted.rights else ()),
        )


def _list(prefixes: Iterable[bytes]) -> str:
    """Return topics as a warning names them."""
    names = [shown(prefix.decode()) for prefix in prefixes]
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join(names[:_NAMED] + more) or "nothing"
