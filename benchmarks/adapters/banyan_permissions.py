"""Banyan with keys and permissions: the backplane looks at every message, in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.adapter import Place
from benchmarks.adapters import banyan_base
from benchmarks.adapters.banyan_keys import (
    ABILITIES,
    PORTS,
    converse,
    directory_of,
    missing,
    publish,
)

__all__ = ["ABILITIES", "NAME", "PORTS", "broker", "converse", "missing", "publish"]

NAME = "banyan permissions"

_PERMISSIONS: Final = """\
["*"]
publish = ["bench"]
subscribe = ["bench"]
"""


def broker(place: Place) -> Sequence[str]:
    """Return the command of a backplane that permits the topics of the benchmarks."""
    folder = directory_of(place)
    (folder / "permissions.toml").write_text(_PERMISSIONS, encoding="utf-8")
    return [*banyan_base.broker(place), "--keys", str(folder)]
