"""What a component has done so far."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Messages a component has handled since it was made."""

    published: int = 0
    received: int = 0
    undecodable: int = 0
    """Dropped on arrival: no message of topic and payload."""
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
