"""Programs as the user starts them: separate processes, their output collected line by line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from tools.backplanes import Backplane

CHECKOUT = Path(__file__).resolve().parents[2]

Pattern = str | re.Pattern[str]


class Program:
    """A process that is started at once; as a context manager it is ended on the way out.

    `lines` and `error_lines` grow while it runs. Its environment is ours plus `env`.
    """

    def __init__(
        self,
        *command: object,
        cwd: Path = CHECKOUT,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.command = [str(word) for word in command]
        self.lines: list[str] = []
        self.error_lines: list[str] = []
        self._grown = threading.Condition()
        self._process = subprocess.Popen(
            self.command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in (
                (self._process.stdout, self.lines),
                (self._process.stderr, self.error_lines),
            )
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait_for_line(
        self, pattern: Pattern, timeout: float = 10, *, count: int = 1, errors: bool = False
    ) -> str:
        """Return the `count`-th line so far or to come that holds a text or matches a pattern.

        Looks at stdout, or with `errors` at stderr. Fails after `timeout` seconds, or when the
        program has ended without such a line, and shows all that the program said.
        """
        lines = self.error_lines if errors else self.lines
        deadline = time.monotonic() + timeout
        with self._grown:
            while len(found := [line for line in lines if _fits(pattern, line)]) < count:
                left = deadline - time.monotonic()
                if left <= 0 or not any(reader.is_alive() for reader in self._readers):
                    raise AssertionError(f"no line {pattern!r} ({count}) from {self.report()}")
                self._grown.wait(min(left, 0.2))
            return found[count - 1]

    def wait(self, timeout: float = 10) -> int:
        """Wait until the program ends by itself; return its status (-N: killed by signal N)."""
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s: {self.report()}") from None
        self._finish_reading()
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal to this process alone."""
        self._process.send_signal(number)

    def end(self, number: int = signal.SIGTERM, timeout: float = 5) -> int:
        """Ask the program to end and return its exit status; SIGKILL (-9) if it does not obey."""
        if self.running:
            self.send_signal(number)
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait(timeout)
        self._finish_reading()
        return status

    def report(self) -> str:
        """Say what was started, how it fares and what it printed."""
        return "\n".join(
            [
                f"{' '.join(self.command)} (status {self._process.poll()})",
                *(f"  stdout: {line}" for line in self.lines[-50:]),
                *(f"  stderr: {line}" for line in self.error_lines[-50:]),
            ]
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._grown:
                    lines.append(line.rstrip("\n"))
                    self._grown.notify_all()
        with self._grown:
            self._grown.notify_all()

    def _finish_reading(self) -> None:
        # Bounded: a grandchild that lives on may hold the pipe open.
        for reader in self._readers:
            reader.join(5)


def component(name: str, backplane: Backplane, *arguments: object, **options: Any) -> Program:
    """Start `python -m components.NAME` on a backplane."""
    return Program(
        sys.executable, "-m", f"components.{name}", *backplane.arguments, *arguments, **options
    )


def eventually(condition: Callable[[], object], timeout: float = 10, what: str = "") -> None:
    """Poll until a condition holds; fail after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what or condition}")
        time.sleep(0.01)


def _fits(pattern: Pattern, line: str) -> bool:
    return pattern in line if isinstance(pattern, str) else pattern.search(line) is not None
