"""Which systems there are: one for each file in `adapters/`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import benchmarks.adapters
from benchmarks.adapter import Adapter

REFERENCE: Final = "raw"
FIRST: Final = (
    REFERENCE, "banyan_base", "banyan_shared", "banyan_stamped", "banyan_keys",
    "banyan_permissions", "banyan_unguarded", "c_libzmq",
)  # fmt: skip
LAST: Final = ("raw_mended",)
"""How the tables begin and end; the others stand between by their files' names."""


@dataclass(frozen=True, slots=True)
class System:
    """One adapter, by its file's name."""

    key: str
    adapter: Adapter

    @property
    def name(self) -> str:
        """Return the name that is shown."""
        return self.adapter.NAME


def all_systems() -> list[System]:
    """Return all systems; what is not installed is among them."""
    keys = [module.name for module in pkgutil.iter_modules(benchmarks.adapters.__path__)]
    between = sorted(set(keys) - {*FIRST, *LAST})
    return [System(key, _load(key)) for key in (*FIRST, *between, *LAST) if key in keys]


def chosen(systems: Iterable[System], names: Iterable[str]) -> list[System]:
    """Return the systems of these names, or of files so called; raise KeyError for others."""
    by_name = {system.name.lower(): system for system in systems}
    by_name |= {system.key: system for system in by_name.values()}
    return list(dict.fromkeys(by_name[name.lower()] for name in names))


def _load(key: str) -> Adapter:
    module: Any = importlib.import_module(f"benchmarks.adapters.{key}")
    adapter: Adapter = module
    return adapter
