"""A machine of its own for the backplane: a network namespace behind a cable that can be pulled.

Made and removed with the commands of iproute2; root only.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import Final, Self

from faults.processes import FaultError

NEAR: Final = "10.213.77.1"
FAR: Final = "10.213.77.2"

_COMMAND_TIMEOUT_S: Final = 10


class Machine:
    """Another machine and the cable to it; both are removed on the way out in any case."""

    def __init__(self) -> None:
        self._name = f"flt{os.getpid()}"

    @property
    def inside(self) -> list[object]:
        """Return what goes before a command that runs on it."""
        return ["ip", "netns", "exec", self._name]

    def pull(self) -> None:
        """Pull the cable: nothing is told to either side."""
        _ip("link", "set", self._name, "down")

    def plug(self) -> None:
        """Plug it in again."""
        _ip("link", "set", self._name, "up")

    def replace(self) -> None:
        """Put a new machine in its place, which knows nothing of the connections of the old."""
        self._remove()
        self._build()

    def __enter__(self) -> Self:
        self._remove()
        try:
            self._build()
        except FaultError:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def _build(self) -> None:
        name, far = self._name, f"{self._name}f"
        _ip("netns", "add", name)
        _ip("link", "add", name, "type", "veth", "peer", "name", far, "netns", name)
        _ip("addr", "add", f"{NEAR}/30", "dev", name)
        _ip("link", "set", name, "up")
        _ip("-n", name, "addr", "add", f"{FAR}/30", "dev", far)
        for device in ("lo", far):
            _ip("-n", name, "link", "set", device, "up")
        _ip("-n", name, "route", "add", "default", "via", NEAR)

    def _remove(self) -> None:
        for words in (("link", "del", self._name), ("netns", "del", self._name)):
            with contextlib.suppress(FaultError):
                _ip(*words)


def _ip(*words: str) -> None:
    done = subprocess.run(
        ["ip", *words], capture_output=True, text=True, timeout=_COMMAND_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise FaultError(f"ip {' '.join(words)}: {done.stderr.strip()}")
