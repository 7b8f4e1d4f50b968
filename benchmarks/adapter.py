"""What a messaging system has to offer to be measured: the seam between the runner and a peer.

Each file in `adapters/` is one system, written as its own documentation would have a user write
it. Its functions run in processes of their own, one a role, started by the runner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Message = tuple[str, Any]
"""A topic and a payload: a dict of MessagePack's types, or a numpy array."""

OnMessage = Callable[[Any], Message | None]
"""Takes a received payload; what it returns is published by the same process, if anything.

With several places: where the payload came from, or everywhere if the system does not tell.
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one broker is to be found: free ports of 127.0.0.1 and a scratch folder of its own."""

    ports: tuple[int, ...]
    folder: Path
    arrays: bool = False
    """Whether numpy arrays travel. Only then load and switch on what arrays need: it costs time
    and memory in all other measurements."""


class Adapter(Protocol):
    """One messaging system; a module in `adapters/` has these names at its top level.

    One whose roles are not Python has `program(role: str) -> Sequence[str]` as well: the command
    that speaks the lines of `channel.py` in place of `benchmarks.role`.
    """

    NAME: str
    """As the tables show it."""
    PORTS: int
    """How many ports a broker needs."""
    ABILITIES: frozenset[str]
    """Of "arrays" (numpy payloads) and "many" (several brokers in one client)."""

    def missing(self) -> str | None:
        """Return what is not installed and the line that installs it, or None."""

    def broker(self, place: Place) -> Sequence[str] | None:
        """Return the broker's command line; it is up when its ports accept. None: no broker."""

    def publish(self, places: Sequence[Place], messages: Iterable[Message | None]) -> None:
        """Publish all messages, each on every place, as fast as the idiom allows.

        None among them asks for a pause of about a millisecond, in which buffers are flushed.
        Returns when all has left this process. Everything is set up before the first `next`.
        """

    def converse(
        self,
        places: Sequence[Place],
        topics: Sequence[str],
        on_message: OnMessage,
        ready: Callable[[], Message | None],
    ) -> None:
        """Receive for ever; the runner ends the process.

        `ready` is called once all subscriptions are asked for; what it returns is published.
        With `arrays` ability, payloads that were published as arrays arrive as arrays.
        """
