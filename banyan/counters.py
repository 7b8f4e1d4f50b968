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
