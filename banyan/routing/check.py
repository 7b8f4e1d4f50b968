"""The linter of routing specifications: every error of `spec`, and what is legal but odd. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from banyan.errors import Fault
from banyan.routing.endpoint import DEFAULT_PUBLISHER_PORT, DEFAULT_SUBSCRIBER_PORT, shown
from banyan.routing.header import ADDRESS, NAME, PUBLISHER, SUBSCRIBER, TOPICS
from banyan.routing.spec import Route, Row, examine

__all__ = ["WARNING", "check"]

WARNING: Final = "warning"

Remark = tuple[str, str]
"""A column's name and what to say about its cell."""


def check(text: str, source: str) -> list[Fault]:
    """Return the errors and warnings of a specification in the order of its lines."""
    rows, errors = examine(text, source)
    warnings = [
        Fault(source, row.route.line, row.cells[column].column, message, WARNING)
        for row, column, message in _remarks(rows)
    ]
    return sorted([*errors, *warnings], key=lambda fault: (fault.line, fault.column))


def _remarks(rows: tuple[Row, ...]) -> Iterator[tuple[Row, str, str]]:
    seen: dict[tuple[str, int], Route] = {}
    names: dict[str, Route] = {}
    for row in rows:
        remarks = [remark for judge in _JUDGES for remark in judge(row.route)]
        remarks += [*_same_backplane(row.route, seen), *_same_name(row.route, names)]
        for column, message in remarks:
            yield row, column, message


# --- one row --------------------------------------------------------------------------------


def _silence(route: Route) -> Iterator[Remark]:
    if route.subscriber_port and not route.topics:
        yield (
            TOPICS,
            f'"[]" subscribes to nothing: no message of {shown(route.name)} is received '
            f'(python_banyan 3.17 received everything here; "[*]" does that)',
        )


def _topics_without_port(route: Route) -> Iterator[Remark]:
    if route.topics and not route.subscriber_port:
        yield TOPICS, "topics without a subscriber port: they are not subscribed to"


def _repeated_topics(route: Route) -> Iterator[Remark]:
    """A subscription is a prefix, so a topic may be covered by another one of its row."""
    names: set[str] = set()
    for topic in route.topics:
        if topic in names:
            yield TOPICS, f"the topic {shown(topic)} stands here twice"
        names.add(topic)
    for topic in dict.fromkeys(route.topics):
        prefix = next((topic[:end] for end in range(1, len(topic)) if topic[:end] in names), "")
        if prefix:
            yield (
                TOPICS,
                f"{shown(prefix)} receives {shown(topic)} too: a subscription takes every topic "
                f"that begins with it",
            )


def _pattern_topics(route: Route) -> Iterator[Remark]:
    for topic in route.topics:
        stem = topic.rstrip("*#")
        if stem and stem != topic:
            yield (
                TOPICS,
                f"{shown(topic)} is taken letter by letter: for every topic that begins with "
                f"{shown(stem)}, write {stem}",
            )
        if ";" in topic:
            yield TOPICS, f"one topic {shown(topic)}: several are separated by commas"


def _swapped_ports(route: Route) -> Iterator[Remark]:
    if route.subscriber_port == int(DEFAULT_PUBLISHER_PORT):
        yield (
            SUBSCRIBER,
            f"{DEFAULT_PUBLISHER_PORT} is where publishers connect by default, subscribers at "
            f"{DEFAULT_SUBSCRIBER_PORT}: are the ports swapped?",
        )
    elif route.publisher_port == int(DEFAULT_SUBSCRIBER_PORT):
        yield (
            PUBLISHER,
            f"{DEFAULT_SUBSCRIBER_PORT} is where subscribers connect by default, publishers at "
            f"{DEFAULT_PUBLISHER_PORT}: are the ports swapped?",
        )


def _listening_address(route: Route) -> Iterator[Remark]:
    if route.address in ("0.0.0.0", "::"):
        yield (
            ADDRESS,
            f"{route.address} is where a backplane listens: for this machine write localhost",
        )


_JUDGES: Final = (
    _silence,
    _topics_without_port,
    _repeated_topics,
    _pattern_topics,
    _swapped_ports,
    _listening_address,
)


# --- one row beside another -----------------------------------------------------------------


def _same_backplane(route: Route, seen: dict[tuple[str, int], Route]) -> Iterator[Remark]:
    port = route.subscriber_port
    if port is None:
        return
    first = seen.setdefault((route.address.casefold(), port), route)
    if first is not route:
        yield (
            SUBSCRIBER,
            f"the backplane of line {first.line} again: topics of both lines arrive twice",
        )


def _same_name(route: Route, names: dict[str, Route]) -> Iterator[Remark]:
    first = names.setdefault(route.name.casefold(), route)
    if first is not route:
        yield (
            NAME,
            f"only upper and lower case tell it from {shown(first.name)} in line {first.line}",
        )
