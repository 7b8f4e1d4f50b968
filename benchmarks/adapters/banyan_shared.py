"""Banyan with `shared=True`: large payloads travel through the machine's shared memory."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence

from banyan.banyan_base import BanyanBase
from benchmarks.adapter import Message, OnMessage, Place
from benchmarks.adapters import banyan_base
from benchmarks.adapters.banyan_base import PORTS, broker

__all__ = ["ABILITIES", "NAME", "PORTS", "broker", "converse", "missing", "publish"]

NAME = "banyan shared"
ABILITIES = frozenset({"arrays"})


def missing() -> str | None:
    """Return the reason if this version of Banyan has no shared memory."""
    if "shared" in inspect.signature(BanyanBase).parameters:
        return None
    return "this version of BanyanBase takes no shared=True"


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Publish as Banyan does otherwise."""
    banyan_base.publish(places, messages, shared=True)


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive as Banyan does otherwise."""
    banyan_base.converse(places, topics, on_message, ready, shared=True)
