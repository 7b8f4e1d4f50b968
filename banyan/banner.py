"""The banners that Banyan's users know, printed by one function."""

from __future__ import annotations

from collections.abc import Iterable

COMPONENT_WIDTH = 60
BACKPLANE_WIDTH = 42


def show(lines: Iterable[str], width: int = COMPONENT_WIDTH) -> None:
    """Print lines between two rows of asterisks, at once even into a pipe."""
    rule = "*" * width
    print("\n".join(["", rule, *lines, rule]), flush=True)  # noqa: T201


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
