"""The systems that go through every case, a file each."""

from __future__ import annotations

from typing import Final

from faults.system import System
from faults.systems.banyan import BANYAN
from faults.systems.plain import PLAIN
from faults.systems.python_banyan import PYTHON_BANYAN

__all__ = ["BANYAN", "SYSTEMS"]

SYSTEMS: Final[tuple[System, ...]] = (PLAIN, PYTHON_BANYAN, BANYAN)
