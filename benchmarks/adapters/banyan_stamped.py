"""Banyan with stamps: a third frame that tells publisher, number and time of each message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmarks.adapter import Message, OnMessage, Place
from benchmarks.adapters import banyan_base
from benchmarks.adapters.banyan_base import ABILITIES, PORTS, broker, missing

__all__ = ["ABILITIES", "NAME", "PORTS", "broker", "converse", "missing", "publish"]

NAME = "banyan stamped"


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Publish as Banyan does otherwise."""
    banyan_base.publish(places, messages, stamped=True)


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive as Banyan does otherwise."""
    banyan_base.converse(places, topics, on_message, ready, stamped=True)
