"""Who plays: two backplanes, publishers, subscribers, and who hears whom. Pure."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from banyan import limits

STEADY_BUS, MORTAL_BUS = "bus-steady", "bus-mortal"
BUSES: Final = (STEADY_BUS, MORTAL_BUS)

Ports = Mapping[str, tuple[int, int]]
"""Publisher and subscriber port of each backplane."""

_SMALL: Final = [0, 10, 100, 400]
_LARGE: Final = [300_000, 600_000]


@dataclass(frozen=True, slots=True)
class Member:
    """One process of the play."""

    name: str
    role: str
    """backplane, publisher or subscriber."""
    buses: tuple[str, ...]
    topics: tuple[str, ...] = ()
    mortal: bool = True
    """Whether it is killed and ended, or only frozen at times."""
    settings: Mapping[str, Any] | None = None
    spare_descriptors: int = 4
    """By which their count may rise: connections being made anew, open parts of shared memory."""

    def command(self, ports: Ports, folder: str) -> list[str]:
        """Return what starts it; components on two backplanes read ROUTES in the folder."""
        if self.role == "backplane":
            publisher, subscriber = ports[self.buses[0]]
            options = ["-p", str(publisher), "-s", str(subscriber), "--bind", "127.0.0.1"]
            return [sys.executable, "-m", "backplane", *options]
        settings = {"name": self.name, "topics": self.topics, **(self.settings or {})}
        if len(self.buses) > 1:
            settings["routes"] = f"{folder}/{self.name}.csv"
        else:
            publisher, subscriber = ports[self.buses[0]]
            settings["keywords"] = {
                "back_plane_ip_address": "127.0.0.1",
                "publisher_port": publisher,
                "subscriber_port": subscriber,
            }
        return [sys.executable, "-m", "soak.parts", self.role, json.dumps(settings)]

    def routes(self, ports: Ports) -> str:
        """Return the routing specification of a component on two backplanes."""
        rows = ["backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port"]
        for bus in self.buses:
            publisher, subscriber = ports[bus]
            rows.append(f'{bus},127.0.0.1,{subscriber},"[{",".join(self.topics)}]",{publisher}')
        return "\n".join(rows) + "\n"


def members(*, light: bool) -> list[Member]:
    """Return the cast; the light one is for a short play beside other tests."""
    few = [
        Member(STEADY_BUS, "backplane", (STEADY_BUS,), mortal=False),
        Member(MORTAL_BUS, "backplane", (MORTAL_BUS,)),
        _publisher(
            "talker", (STEADY_BUS,), ("soak/small/a", "soak/small/b"), 100 if light else 400
        ),
        _publisher("caller", (MORTAL_BUS,), ("soak/small/c",), 100 if light else 200),
        _publisher("both", BUSES, ("soak/both/x",), 20 if light else 100),
        _subscriber("patient", (STEADY_BUS,), ("soak/small/", "soak/both/"), mortal=False),
        _subscriber("multi", BUSES, ("soak/small/",), mortal=False),
        _subscriber("guest", (MORTAL_BUS,), ("soak/",)),
    ]
    if light:
        return few
    return [
        *few,
        _publisher("painter", (STEADY_BUS,), ("soak/large/x",), 4, sizes=_LARGE),
        replace(
            _publisher("sharer", (STEADY_BUS,), ("soak/shared/x",), 15, sizes=_LARGE, shared=True),
            spare_descriptors=4 + 2 * limits.SHARED_SEGMENTS,
        ),
        replace(
            _subscriber("viewer", (STEADY_BUS,), ("soak/large/", "soak/shared/"), mortal=False),
            spare_descriptors=4 + 2 * limits.SHARED_OPEN_SEGMENTS,
        ),
        # Asleep a third of the time, it keeps up on average and falls behind now and then.
        _subscriber("slow", (STEADY_BUS,), ("soak/small/", "soak/large/"), naps=[1.5, 0.0005]),
    ]


def _publisher(
    name: str, buses: tuple[str, ...], topics: tuple[str, ...], rate: float, **settings: Any
) -> Member:
    return Member(
        name, "publisher", buses, topics, settings={"rate": rate, "sizes": _SMALL, **settings}
    )


def _subscriber(
    name: str, buses: tuple[str, ...], topics: tuple[str, ...], mortal: bool = True, **settings: Any
) -> Member:
    return Member(name, "subscriber", buses, topics, mortal, settings)


def audiences(cast: list[Member]) -> Iterator[tuple[str, str, str]]:
    """Yield each subscriber, publisher and topic that reaches it."""
    for subscriber in (member for member in cast if member.role == "subscriber"):
        for publisher in (member for member in cast if member.role == "publisher"):
            if set(subscriber.buses) & set(publisher.buses):
                for topic in publisher.topics:
                    if topic.startswith(subscriber.topics):
                        yield subscriber.name, publisher.name, topic
