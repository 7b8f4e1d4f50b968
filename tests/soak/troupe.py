"""The processes: started, told to stop and go on, watched, measured, and none left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import psutil

from banyan.transport import discovery
from soak.cast import Member, Ports
from soak.trend import Sample

CHECKOUT: Final = Path(__file__).resolve().parents[2]
ON, FROZEN, LEAVING, AWAY = "on", "frozen", "leaving", "away"

_KEPT_LINES: Final = 30


class Actor:
    """One member of the cast, through all its lives."""

    def __init__(self, member: Member, ports: Ports, folder: str) -> None:
        self.member = member
        self.state = AWAY
        self.starts = 0
        self.statuses: deque[dict[str, Any]] = deque(maxlen=1)
        """The last it said in this life."""
        self.farewells: list[dict[str, Any]] = []
        """The last it said in each life that is over."""
        self.samples: dict[int, list[Sample]] = {}
        """By process, as each life has a memory of its own."""
        self.said: deque[str] = deque(maxlen=_KEPT_LINES)
        self._command = member.command(ports, folder)
        self.ports = ports[member.buses[0]]
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []

    def start(self) -> None:
        """Begin a new life."""
        self.statuses.clear()
        self.said.clear()
        paths = os.pathsep.join(map(str, (CHECKOUT, CHECKOUT / "tests")))
        self._process = subprocess.Popen(
            self._command,
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,  # Ctrl-C is for the stage
        )
        self._readers = [
            self._reader(self._process.stdout, self._take),
            self._reader(self._process.stderr, self.said.append),
        ]
        self.state, self.starts = ON, self.starts + 1

    @property
    def ready(self) -> bool:
        """Whether it has come to life: a component has spoken, a backplane answers."""
        if self.state != ON:
            return False
        if self.member.role != "backplane":
            return bool(self.statuses)
        return all(
            discovery.greeting("127.0.0.1", port, 1.0) == discovery.ANSWERS for port in self.ports
        )

    @property
    def settled(self) -> bool:
        """Whether it lives and has had time to begin."""
        return self.state == ON and (self.member.role == "backplane" or bool(self.statuses))

    @property
    def latest(self) -> Sample:
        """The last sample of all."""
        return [*self.samples.values()][-1][-1]

    @property
    def status(self) -> dict[str, Any]:
        """What it said last; empty before its first word."""
        return self.statuses[0] if self.statuses else {}

    @property
    def code(self) -> int | None:
        """The status it ended with; None while it lives."""
        return self._process.poll() if self._process else None

    def signal(self, number: int, state: str) -> None:
        """Send a signal and take note of the state that follows."""
        if self._process is not None and self.code is None:
            self._process.send_signal(number)
        self.state = state

    def bury(self) -> None:
        """Note that its process is over."""
        if self._process is not None:
            self._process.wait()
            for reader in self._readers:
                reader.join(1)
        if self.statuses:
            self.farewells.append(self.statuses.pop())
        self.state = AWAY

    def measure(self, now: float) -> None:
        """Take a sample of its memory and descriptors."""
        if self._process is None or self.code is not None:
            return
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            sample = Sample(now, _own_memory(process), process.num_fds())
            self.samples.setdefault(self._process.pid, []).append(sample)

    def _take(self, line: str) -> None:
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                self.statuses.append(json.loads(line))

    def _reader(self, stream: IO[str] | None, take: Any) -> threading.Thread:
        def read() -> None:
            with stream or contextlib.nullcontext(()) as lines:
                for line in lines:
                    take(line.rstrip("\n"))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread


def _own_memory(process: psutil.Process) -> int:
    """Return the bytes that are a process's own.

    Not files it maps: a subscriber keeps up to `limits.SHARED_OPEN_SEGMENTS` parts of the shared
    memory of publishers, dead ones too. Their number shows in its descriptors, and is judged there.
    """
    used = process.memory_info()
    return int(used.rss - getattr(used, "shared", 0))


class Troupe(Mapping[str, Actor]):
    """All actors by name."""

    def __init__(self) -> None:
        self._actors: dict[str, Actor] = {}

    def engage(self, members: list[Member], ports: Ports, folder: Path) -> None:
        """Take on the members of a cast, who write what they need into the folder."""
        for member in members:
            if len(member.buses) > 1:
                (folder / f"{member.name}.csv").write_text(member.routes(ports), encoding="utf-8")
            self._actors[member.name] = Actor(member, ports, str(folder))

    def __getitem__(self, name: str) -> Actor:
        return self._actors[name]

    def __iter__(self) -> Any:
        return iter(self._actors)

    def __len__(self) -> int:
        return len(self._actors)

    def of(self, role: str) -> list[Actor]:
        """Return the actors of one role."""
        return [actor for actor in self.values() if actor.member.role == role]

    def measure(self, now: float) -> None:
        for actor in self.values():
            actor.measure(now)

    def kill(self) -> None:
        """End all at once: the last resort on every way out."""
        for actor in self.values():
            if actor.state != AWAY:
                actor.signal(signal.SIGKILL, LEAVING)
                actor.bury()
