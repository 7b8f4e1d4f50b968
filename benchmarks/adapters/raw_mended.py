"""The yardstick with its subscription queues mended: as it comes, it forgets most of 10,000."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.adapter import Message, OnMessage, Place
from benchmarks.adapters import raw
from benchmarks.adapters.raw import ABILITIES, PORTS, missing, publish

__all__ = ["ABILITIES", "NAME", "PORTS", "broker", "converse", "missing", "publish"]

NAME = "raw, mended"

_UNLIMITED: Final = 0


def broker(place: Place) -> Sequence[str]:
    """Return the command of a proxy that drops no subscription."""
    return [sys.executable, "-m", __name__, *map(str, place.ports)]


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive as the yardstick does."""
    raw.converse(places, topics, on_message, ready, sndhwm=_UNLIMITED)


if __name__ == "__main__":
    raw.forward(*sys.argv[1:], subscription_queue=_UNLIMITED)
