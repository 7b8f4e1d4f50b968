"""Frames for rings of shared memory, and what tests look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from banyan.shared import places
from banyan.shared.ring import Ring
from banyan.wire import handle

FRAME = 16 * 1024
"""Bytes of one frame's data."""

SEGMENTS = 16
"""Of a small ring; each has room for four frames."""


def frame(number: int) -> dict[str, Any]:
    """Return a payload whose large bytes are all the same."""
    return {"number": number, "data": bytes([number % 256]) * FRAME}


def packed(ring: Ring, payload: object) -> bytes:
    """Pack a payload that must go through the ring."""
    body = ring.pack(payload, arrays=True)
    assert body is not None
    assert handle.is_handle(body)
    return body


def files(place: Path) -> list[Path]:
    """Return the segments of all rings of a place."""
    return sorted(path for path in place.glob("banyan-*/*") if path.name != places.OWNER)
