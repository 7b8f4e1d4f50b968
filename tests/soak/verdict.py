"""What a play must come to: sentences for everything that is not as promised. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from soak.trend import Sample, trend

LEAVING_SECONDS: Final = 6.0
"""From SIGTERM to the end: two to send what was published, and the rest for a busy machine."""


@dataclass(slots=True)
class History:
    """What happened, as far as it is judged."""

    events: list[str] = field(default_factory=list)
    """What went wrong while it was going on: deaths, statuses, orphans."""
    accounts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What each subscriber said last, in each of its lives."""
    sent: dict[str, dict[str, int]] = field(default_factory=dict)
    """What each publisher that lived to the end sent last, on each line `LIFE TOPIC`."""
    audiences: list[tuple[str, str, str]] = field(default_factory=list)
    samples: dict[str, list[Sequence[Sample]]] = field(default_factory=dict)
    """Of each process: one list a life."""
    descriptors: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """In the calm before, in the calm after, and by how many they may differ."""
    leaving: dict[str, float] = field(default_factory=dict)
    """The longest that each took to end after SIGTERM, in seconds."""


def complaints(history: History) -> list[str]:
    """Return everything that is wrong, nothing if all is well."""
    return [
        *history.events,
        *_accounts(history.accounts),
        *_tails(history),
        *_memory(history.samples),
        *_descriptors(history.descriptors),
        *(
            f"{name} took {seconds:.1f} s to end"
            for name, seconds in history.leaving.items()
            if seconds > LEAVING_SECONDS
        ),
    ]


def _accounts(accounts: Mapping[str, Iterable[Mapping[str, Any]]]) -> Iterator[str]:
    for name, lives in accounts.items():
        for said in lives:
            yield from (f"{name}: {fault}" for fault in said["faults"])
            hidden = said["fault_count"] - len(said["faults"])
            if hidden > 0:
                yield f"{name}: {hidden} faults more"
        if not any(said["received"] for said in lives):
            yield f"{name} received nothing at all"


def _tails(history: History) -> Iterator[str]:
    """After the chaos, with everybody there, nothing may be missing at the end of any line."""
    for listener, publisher, topic in history.audiences:
        heard = history.accounts[listener][-1]["last"] if history.accounts.get(listener) else {}
        for line, number in history.sent.get(publisher, {}).items():
            if line.endswith(f" {topic}") and heard.get(line, 0) < number:
                yield f"{listener}: of {line} the last heard is {heard.get(line, 0)} of {number}"


def _memory(samples: Mapping[str, Iterable[Sequence[Sample]]]) -> Iterator[str]:
    for name, lives in samples.items():
        for life in lives:
            found = trend(life)
            if found and not found.flat:
                yield (
                    f"{name} grows: {found.growth / 1e6:.1f} MB over the later half of its life, "
                    f"{found.per_minute / 1e6:.2f} MB a minute, at {found.level / 1e6:.0f} MB"
                )


def _descriptors(descriptors: Mapping[str, tuple[int, int, int]]) -> Iterator[str]:
    for name, (before, after, spare) in descriptors.items():
        if abs(after - before) > spare:
            yield f"{name} had {before} descriptors in the calm before and {after} after"
