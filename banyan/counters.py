"""What a component has done so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields


@dataclass(slots=True)
class Counters:
    """Messages a component has handled since it was made."""

    published: int = 0
    received: int = 0
    published_bytes: int = 0
    """Of topics and payloads; for each backplane that a message went to."""
    received_bytes: int = 0
    """Of topics and payloads, as they came over the network: not of data in shared memory."""
    missed: int = 0
    """Not received, as the stamps of those that were tell."""
    duplicates: int = 0
    """Of those received: with a stamp that is not newer than the last of its topic."""
    stale: int = 0
    """Not received: older than `max_age` on arrival."""
    undecodable: int = 0
    """Dropped on arrival: no message of topic and payload."""
    refused: int = 0
    """Published or subscribed to without permission, as far as the backplane has told."""
    given_up: int = 0
    """Not published: the queue to the backplane stayed full."""
    shared: int = 0
    """Of those published: with large data in shared memory."""
    shared_full: int = 0
    """Of those published: meant for shared memory, but in band, for want of room in it."""
    recycled: int = 0
    """Not received: the data in shared memory had been replaced before this subscriber came."""
    elsewhere: int = 0
    """Not received: the data are in the memory of another machine, container or user, or gone."""
    cut_off: int = 0
    """Times that too much waited for this component's handler, and its connection was cut."""
    _count_reconnects: Callable[[], int] = field(default=int, repr=False, compare=False)

    @property
    def reconnects(self) -> int:
        """Connections to backplanes that were made after the first ones; both ends count."""
        return self._count_reconnects()

    def as_dict(self) -> dict[str, int]:
        """Return all of them by name."""
        names = (entry.name for entry in fields(self) if entry.name != "_count_reconnects")
        return {name: getattr(self, name) for name in (*names, "reconnects")}
