"""The banners that Banyan's users know, printed by one function."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from banyan import streams

if TYPE_CHECKING:
    from banyan.routing.spec import Route

COMPONENT_WIDTH = 60
BACKPLANE_WIDTH = 42
NO_PORT = "None Specified"


def show(lines: Iterable[str], width: int = COMPONENT_WIDTH) -> None:
    """Print lines between two rows of asterisks; a program runs on if nobody can read them."""
    rule = "*" * width
    streams.say("\n".join(["", rule, *lines, rule]))


def component(
    name: str, address: str, subscriber_port: object, publisher_port: object, loop_time: float
) -> list[str]:
    """Return the lines of a component on one backplane."""
    return [
        f"{name} using Back Plane IP address: {address}",
        f"Subscriber Port = {subscriber_port}",
        f"Publisher  Port = {publisher_port}",
        f"Loop Time = {loop_time} seconds",
    ]


def show_multi(name: str, file: str, routes: Iterable[Route], loop_time: float) -> None:
    """Print the banner of a component on several backplanes."""
    streams.say(f"\nUsing Backplane Descriptor File:  {file}")
    rows = [line for route in routes for line in _route_lines(name, route)]
    show(["", *rows, "", f"Loop Time = {loop_time} seconds", ""])


def _route_lines(name: str, route: Route) -> list[str]:
    lines = [
        f"{name} using {route.name} Black plane at IP Address: {route.address}",
        f"    Subscriber Port = {route.subscriber_port or NO_PORT}",
    ]
    if route.subscriber_port:
        shown = [topic or "*" for topic in route.topics] or [""]
        lines += [f"        Subscribed to topic: {topic}" for topic in shown]
    lines.append(f"    Publisher  Port = {route.publisher_port or NO_PORT}")
    return lines
