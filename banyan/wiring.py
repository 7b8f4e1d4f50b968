"""Keeps a component's links in step with its routing specification, edits included."""

from __future__ import annotations

import os
from typing import Any

from banyan.keys.choice import KeyChoice
from banyan.routing import spec
from banyan.session import Session
from banyan.spec_watch import SpecWatch
from banyan.transport.link import Link


class Wiring:
    """The links of a component on many backplanes, by name.

    `routes` is what the file said when it was read; `table` lists, in its order, what programs
    look up: dicts with the keys `backplane_name`, `subscriber` and `publisher`.
    """

    def __init__(
        self,
        session: Session,
        file: str | os.PathLike[str] | None,
        *,
        reload: bool,
        keys: KeyChoice,
    ):
        # The watch first: an edit between the two readings is noticed, not lost.
        self._watch = SpecWatch(file) if reload and file is not None else None
        self.routes = {route.name: route for route in spec.load(file)}
        self.links: dict[str, Link] = {}
        self.table: list[dict[str, Any]] = []
        self._session = session
        self._keys = keys
        self._wired: dict[str, spec.Route] = {}

    @property
    def follows_edits(self) -> bool:
        """Whether edits of the file are to be followed."""
        return self._watch is not None

    def follow_edits(self, patience: float) -> None:
        """Wire anew after a valid edit; waits `patience` seconds at most for new backplanes."""
        routes = self._watch.edited() if self._watch else None
        if routes is not None:
            self.routes = {route.name: route for route in routes}
            self.wire(patience)

    def wire(self, patience: float) -> None:
        """Bring the links to what `routes` says; what stayed the same is not touched."""
        for name in [name for name in self.links if name not in self.routes]:
            self._session.close_link(self.links.pop(name))
        changed = [route for name, route in self.routes.items() if route != self._wired.get(name)]
        for route in changed:
            self.links[route.name] = self._wire_one(route)
        self._wired = self.routes
        self.table[:] = [_table_row(name, self.links[name]) for name in self.routes]
        self._session.prove([self.links[route.name] for route in changed], patience)

    def link_of(self, subscriber: Any) -> Link | None:
        """Return the link a subscriber socket belongs to; None for a program's own socket."""
        links = self.links.values()
        return next((link for link in links if subscriber and link.subscriber is subscriber), None)

    def _wire_one(self, route: spec.Route) -> Link:
        """Open or reuse the link of one row and give it the row's topics."""
        old, link = self._wired.get(route.name), self.links.get(route.name)
        dropped: set[str] = set()
        if link is not None and old is not None and _ends(old) == _ends(route):
            dropped = set(old.topics) - set(route.topics)
        else:
            # Other ends are other sockets: libzmq aborts if one is taken from a backplane while
            # a message of it is half read.
            if link is not None:
                self._session.close_link(link)
            link = self._session.open_link(
                *_ends(route), name=route.name, credentials=self._keys.of(route.name)
            )
        if link.subscriber is not None:
            for topic in dropped:
                link.unsubscribe(topic)
            for topic in route.topics:
                link.subscribe(topic)
        return link


def _ends(route: spec.Route) -> tuple[str, int | None, int | None]:
    return route.address, route.subscriber_port, route.publisher_port


def _table_row(name: str, link: Link) -> dict[str, Any]:
    return {"backplane_name": name, "subscriber": link.subscriber, "publisher": link.publisher}
