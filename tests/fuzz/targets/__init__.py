"""The targets, a file each, and how one is found by its name."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from typing import Protocol, cast


class Target(Protocol):
    """What a module in this folder offers."""

    def one_input(self, data: bytes) -> None:
        """Feed any bytes to a part of Banyan; raise AssertionError, or anything, at a fault."""

    def seeds(self) -> Iterable[bytes]:
        """Return inputs as they occur in practice, and every case that was a fault once."""


def names() -> list[str]:
    """Return the names of all targets."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Target:
    """Import a target."""
    return cast(Target, import_module(f"{__name__}.{name}"))
