"""One process of a measurement: `python -m benchmarks.role ADAPTER ROLE`.

The runner starts it and talks to it in JSON lines; it ends when the runner closes its stdin.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.adapter import Adapter, Place
from benchmarks.channel import Channel, Command
from benchmarks.publishing import Publishing
from benchmarks.receiving import Asker, Tally, echo


def publisher(adapter: Adapter, channel: Channel, start: Command) -> None:
    """Publish what the runner asks for, then wait to be ended."""
    messages = Publishing(channel, start["number"]).messages()
    adapter.publish(places_of(start), messages)
    channel.say("done")
    channel.wait_for_the_end()


def subscriber(adapter: Adapter, channel: Channel, start: Command) -> None:
    """Count what arrives."""
    tally = Tally(channel, start)
    channel.on_command = tally.obey
    many = len(start["topics"]) > 1
    receive: Any = tally.receive_number if many else tally.receive
    _converse(adapter, channel, start, receive)


def asker(adapter: Adapter, channel: Channel, start: Command) -> None:
    """Make round trips."""
    _converse(adapter, channel, start, Asker(channel, start).receive)


def echoer(adapter: Adapter, channel: Channel, start: Command) -> None:
    """Answer every question."""
    _converse(adapter, channel, start, echo)


def _converse(
    adapter: Adapter, channel: Channel, start: Command, receive: Callable[[Any], Any]
) -> None:
    adapter.converse(places_of(start), start["topics"], receive, ready=lambda: channel.say("ready"))


ROLES = {"publisher": publisher, "subscriber": subscriber, "asker": asker, "echoer": echoer}


def places_of(start: Command) -> list[Place]:
    """Return the places that a start command names."""
    return [
        Place(tuple(place["ports"]), Path(place["folder"]), place["arrays"])
        for place in start["places"]
    ]


def main() -> int:
    """Play one role."""
    name, role = sys.argv[1:]
    channel = Channel()
    try:
        adapter: Any = importlib.import_module(f"benchmarks.adapters.{name}")
        channel.say("loaded")
        ROLES[role](adapter, channel, channel.next())
    except Exception as error:  # whatever a peer's client raises is the runner's to report
        traceback.print_exc()
        channel.say("failed", why=f"{role}: {type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
