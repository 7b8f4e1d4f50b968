"""Banyan with keys: the backplane lets in known components only, and encrypts all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from banyan.keys import directory
from banyan.keys.key_file import new_credentials, save
from benchmarks.adapter import Message, OnMessage, Place
from benchmarks.adapters import banyan_base
from benchmarks.adapters.banyan_base import ABILITIES, PORTS, missing

__all__ = ["ABILITIES", "NAME", "PORTS", "broker", "converse", "missing", "publish"]

NAME = "banyan keys"

_MEMBER: Final = "member"


def broker(place: Place) -> Sequence[str]:
    """Return the command of a backplane with a directory of keys; one key serves all ends."""
    return [*banyan_base.broker(place), "--keys", str(directory_of(place))]


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Publish as Banyan does otherwise."""
    banyan_base.publish(places, messages, keys=_key_file(places[0]))


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive as Banyan does otherwise."""
    banyan_base.converse(places, topics, on_message, ready, keys=_key_file(places[0]))


def directory_of(place: Place) -> Path:
    """Make a backplane's directory, and a key that it lets in."""
    folder = place.folder / "keys"
    own = directory.create(folder)
    member = new_credentials(_MEMBER, own.public)
    save(member, _key_file(place))
    directory.admit(folder, _MEMBER, member.public)
    return folder


def _key_file(place: Place) -> Path:
    return place.folder / f"{_MEMBER}.key"
