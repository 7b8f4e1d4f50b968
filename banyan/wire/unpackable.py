"""Why a payload cannot be published, in words that name the place and the way out."""

from __future__ import annotations

from collections import deque
from collections.abc import Set
from typing import Final

from banyan.wire.wording import shown

_SHOWN_STEPS: Final = 8
"""Keys of a path in an error: where a payload contains itself the path has a hundred."""


class UnpackableError(Exception):
    """Something in a payload has no MessagePack form; `add_step` builds the path on the way out."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self._sentence = reason if hint is None else f"{reason}; {hint}"
        self._steps: list[object] = []

    def add_step(self, key: object) -> None:
        """Note the key or index under which the offender stands, innermost first."""
        self._steps.append(key)

    def __str__(self) -> str:
        steps = [f"[{shown(key)}]" for key in reversed(self._steps[-_SHOWN_STEPS:])]
        more = "[...]" if len(self._steps) > _SHOWN_STEPS else ""
        return f"payload{''.join(steps)}{more} {self._sentence}"


def hint_for(value: object) -> str | None:
    """Return what to send instead of a value that has no MessagePack form, where that is plain."""
    if type(value).__module__.partition(".")[0] == "numpy":
        return "construct the component with numpy=True"
    if isinstance(value, Set | deque | range):
        return "send a list instead"
    if isinstance(value, complex):
        return "send a list of both parts, or construct the component with numpy=True"
    if hasattr(value, "isoformat"):
        return "send its isoformat()"
    if hasattr(value, "__dict__") or hasattr(value, "__dataclass_fields__"):
        return "send a dict of its fields"
    return None
