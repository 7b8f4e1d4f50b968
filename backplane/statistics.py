"""What a backplane counts, in one table: for SIGUSR1 and for the metrics page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

Labels = tuple[tuple[str, str], ...]
Samples = dict[tuple[str, Labels], float]
"""Values by name and labels."""

FAMILIES: Final[Mapping[str, tuple[str, str]]] = {
    "uptime_seconds": ("gauge", "Time since the start"),
    "frames": ("counter", "Frames forwarded: two a message, three if it is stamped"),
    "bytes": ("counter", "Bytes forwarded; a message counts once on its way out"),
    "connections": ("gauge", "Connections that are open"),
    "connections_accepted": ("counter", "Connections accepted"),
    "connections_joined": ("counter", "Connections that spoke the protocol and were let in"),
    "connections_refused": ("counter", "Connections that did not, or were not let in"),
    "connections_ended": ("counter", "Connections that ended; who reconnects counts once more"),
    "turned_away": ("counter", "Connections ended at once, since there were too many"),
    "cut_off": ("counter", "Connections cut off: slow subscribers, hoarders, strangers, revoked"),
    "renewals": ("counter", "Times that all that waited was thrown away"),
    "refused": ("counter", "Messages and subscriptions that permissions do not allow"),
    "memory_bytes": ("gauge", "Resident memory"),
    "memory_limit_bytes": ("gauge", "Memory at which somebody is cut off"),
    "descriptors": ("gauge", "Open descriptors"),
    "keys": ("gauge", "Keys that are let in"),
}
"""Kind and meaning of every figure."""


def as_json(name: str, samples: Samples) -> str:
    """Return all figures as one line; labels follow the name of a figure, after dots."""
    flat = {
        ".".join([figure, *(value for _, value in labels)]): value
        for (figure, labels), value in samples.items()
    }
    return json.dumps({"backplane": name, **flat})
