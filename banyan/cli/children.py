"""Programs started as processes, of which none outlives the block that started them."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO, Final, Self

import click

ENDING_S: Final = 3.0
"""How long a program may take to end when asked to: it cleans up within 2 s."""

STARTING_S: Final = 20.0
"""How long starting may take: a Raspberry Pi needs some seconds to import what a program needs."""

STDERR_LINES: Final = 20
"""Last lines of stderr that are kept to say why a program ended."""


class Child:
    """One program of Python's `-m`; `lines` holds what it printed unread.

    Its stdin is a pipe that nobody else holds: it reads the end of it when we end, however we do.
    """

    def __init__(self, name: str, module: str, *arguments: object) -> None:
        self.name = name
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._said: deque[str] = deque(maxlen=STDERR_LINES)
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and programs
            # -P: what lies in the user's folder must not be imported in place of Banyan.
            [sys.executable, "-P", "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            # A group of its own: Ctrl-C is for us, and we end it.
            process_group=0 if os.name == "posix" else None,
        )
        self._readers = [
            self._reader(self._process.stdout, self.lines.put),
            self._reader(self._process.stderr, self._said.append),
        ]

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._process.poll()

    def why(self) -> str:
        """Say how it ended, with the last it printed."""
        self.end(1)
        said = [*self._said] or self.unread()[-STDERR_LINES:] or ["(it said nothing)"]
        return f"{self.name} (pid {self.pid}) ended with status {self.status}:" + "".join(
            f"\n  {line}" for line in said
        )

    def unread(self) -> list[str]:
        """Return, without waiting, the lines that were printed and not read so far."""
        lines: list[str] = []
        with contextlib.suppress(queue.Empty):
            while True:
                lines.append(self.lines.get_nowait())
        return lines

    def tell(self, line: str) -> None:
        """Send a line to its stdin; that it has ended meanwhile is seen by whoever waits for it."""
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()

    def ask_to_end(self) -> None:
        """Close its stdin and send SIGTERM (on Windows, end it)."""
        self._close_stdin()
        if self.status is None:
            self._process.terminate()

    def end(self, timeout: float) -> None:
        """Wait until it has ended; kill it after `timeout` seconds."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close_stdin()
        for reader in self._readers:
            reader.join(1)

    def _close_stdin(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # what was not sent, to a process that has ended
                self._process.stdin.close()

    def _reader(self, stream: IO[str] | None, keep: Callable[[str], object]) -> threading.Thread:
        def read() -> None:
            with stream or contextlib.nullcontext(()) as lines:
                for line in lines:
                    keep(line.rstrip("\n"))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread


class StoppedError(Exception):
    """The user wants the end, before what was being waited for happened."""


class Children:
    """The programs of one block; on its way out all of them are ended, the last started first."""

    def __init__(self, stop: threading.Event) -> None:
        self.all: list[Child] = []
        self._stop = stop

    def start(self, name: str, *arguments: object) -> Child:
        """Start one more, as `banyan run NAME` would."""
        return self.start_module(name, "banyan", "run", name, *arguments)

    def start_module(self, name: str, module: str, *arguments: object) -> Child:
        """Start one more, as `python -m MODULE` would, and call it by a name."""
        child = Child(name, module, *arguments)
        self.all.append(child)
        return child

    def check(self, may_end: Child | None = None) -> None:
        """Raise a ClickException that says why, if a program has ended that should not have.

        `may_end` may, with status 0. Raises StoppedError if the user wants the end.
        """
        if self._stop.is_set():
            raise StoppedError
        for child in self.all:
            if child.status or (child.status == 0 and child is not may_end):
                raise click.ClickException(child.why())

    def wait_until(
        self, condition: Callable[[], bool], what: str, may_end: Child | None = None
    ) -> None:
        """Wait for a condition; raise as `check`, and a ClickException after STARTING_S."""
        deadline = time.monotonic() + STARTING_S
        while not condition():
            self.check(may_end)
            if time.monotonic() > deadline:
                raise click.ClickException(f"{what} within {STARTING_S:g} s")
            self._stop.wait(0.01)

    def end(self) -> None:
        """Ask all to end, wait, and kill those that do not."""
        for child in reversed(self.all):
            child.ask_to_end()
        deadline = time.monotonic() + ENDING_S
        for child in reversed(self.all):
            child.end(max(0.1, deadline - time.monotonic()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


@contextlib.contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C, SIGTERM and a closed terminal set, instead of interrupting.

    No exception can then come between the start of a process and its being remembered.
    """
    stop = threading.Event()
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    former = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
