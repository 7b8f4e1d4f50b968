"""What one key may do, as a backplane decides it and as it tells the component.

A backplane sends it as a message of its own, on RIGHTS_PREFIX and the component's public key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from banyan.errors import DecodeError
from banyan.wire import codec
from banyan.wire.topics import BELL, PROBE_PREFIX, RIGHTS_PREFIX, is_reserved

__all__ = ["Rights"]

_PROBE: Final = re.compile(re.escape(PROBE_PREFIX) + rb"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Rights:
    """The topics that one key may publish and subscribe to, by their beginnings.

    Of Banyan's own topics the probes are open to everybody; to subscribe to, also `bell` to
    everybody and `rights/KEY` to that key.
    """

    publish: tuple[bytes, ...] = ()
    subscribe: tuple[bytes, ...] = ()
    key: bytes = b""
    """The public key they are for."""

    def may_publish(self, topic: bytes) -> bool:
        """Tell whether a message on this topic is allowed."""
        if is_reserved(topic):
            return _is_probe(topic)
        return topic.startswith(self.publish)

    def may_subscribe(self, prefix: bytes) -> bool:
        """Tell whether a subscription is allowed: all that it could receive has to be."""
        if is_reserved(prefix):
            # Every subscriber socket asks for the bell, which rings in its own process only.
            own = {BELL, RIGHTS_PREFIX + self.key} if self.key else {BELL}
            return prefix in own or _is_probe(prefix)
        return prefix.startswith(self.subscribe)

    def as_map(self) -> dict[str, list[str]]:
        """Return the beginnings as text."""
        return {
            "publish": [prefix.decode() for prefix in self.publish],
            "subscribe": [prefix.decode() for prefix in self.subscribe],
        }

    def pack(self) -> bytes:
        """Return the body of the message that tells a component."""
        return codec.encode(self.as_map())

    @classmethod
    def unpack(cls, body: bytes, key: bytes = b"") -> Self | None:
        """Return what such a message says; None if it is none."""
        try:
            said = codec.decode(body)
        except DecodeError:
            return None
        if not isinstance(said, dict):
            return None
        publish, subscribe = _prefixes(said.get("publish")), _prefixes(said.get("subscribe"))
        if publish is None or subscribe is None:
            return None
        return cls(publish, subscribe, key)


def _is_probe(topic: bytes) -> bool:
    return _PROBE.fullmatch(topic) is not None


def _prefixes(value: object) -> tuple[bytes, ...] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    try:
        return tuple(item.encode() for item in value)
    except UnicodeEncodeError:
        return None
