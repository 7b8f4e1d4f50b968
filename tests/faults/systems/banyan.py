"""Banyan as it is installed: the commands `backplane` and `monitor`, the class BanyanBase."""

from __future__ import annotations

import functools
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faults.system import System

MEMORY_LIMIT: Final = "--memory-limit"


@dataclass(frozen=True, slots=True)
class Banyan:
    """Ours."""

    key: str = "banyan"
    title: str = "Banyan"
    flavour: str = "ours"
    quiet: bool = False

    def missing(self) -> str:
        return "" if _command("backplane").exists() else "Banyan is not installed"

    def python(self) -> str:
        return sys.executable

    def backplane(
        self, publisher_port: int, subscriber_port: int, memory_limit_mb: int | None
    ) -> list[object]:
        bounded = memory_limit_mb is not None and MEMORY_LIMIT in _help()
        limit = [MEMORY_LIMIT, (memory_limit_mb or 0) * 1_000_000] if bounded else []
        return [_command("backplane"), "-p", publisher_port, "-s", subscriber_port, *limit]

    def monitor(self, address: str, publisher_port: int, subscriber_port: int) -> list[object]:
        options = ["-b", address, "-p", publisher_port, "-s", subscriber_port]
        return [_command("monitor"), *options]

    def address(self) -> str:
        return "127.0.0.1"


def _command(name: str) -> Path:
    return Path(sysconfig.get_path("scripts")) / name


@functools.cache
def _help() -> str:
    command = [str(_command("backplane")), "--help"]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout


BANYAN: Final[System] = Banyan()
