"""Processes of other programs: started, waited for, ended; none outlives the runner."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, Self, cast

import psutil

from benchmarks import ports
from benchmarks.warden import end_tree

CHECKOUT: Final = Path(__file__).resolve().parents[1]

_END_PATIENCE_S: Final = 2.0
_PORT_INTERVAL_S: Final = 0.003
_SHOWN_BYTES: Final = 2000
_SHOWN_CHARACTERS: Final = 500

_LEFT_OUT: Final = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH")
"""Programs start as a user's do: with cached bytecode above all."""


class MeasurementError(Exception):
    """A measurement that came to nothing; the message is the reason for the report."""


class Deadline:
    """When a measurement has taken too long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at = time.monotonic() + seconds

    def left(self, waiting_for: str) -> float:
        """Return the seconds that are left; raise MeasurementError if there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise MeasurementError(f"not within {self._seconds:g} s: {waiting_for}")
        return left


class Process:
    """A program in a session of its own, so that Ctrl-C is the runner's alone to act on."""

    def __init__(self, name: str, command: Sequence[str], *, talks: bool = False) -> None:
        self.name = name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._process = _start(command, self._errors, talks=talks)

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def input(self) -> IO[bytes]:
        """Return the pipe to it, if it talks."""
        return cast("IO[bytes]", self._process.stdin)

    @property
    def output(self) -> IO[bytes]:
        """Return the pipe from it, if it talks."""
        return cast("IO[bytes]", self._process.stdout)

    def wait_for_ports(self, numbers: Sequence[int], deadline: Deadline) -> None:
        """Return when it accepts on all of them."""
        waiting = list(numbers)
        while waiting:
            if self._process.poll() is not None:
                raise MeasurementError(f"{self.name} ended at once: {self.last_words()}")
            if ports.accepts(waiting[0]):
                waiting.pop(0)
            else:
                deadline.left(f"{self.name} accepts on port {waiting[0]}; {self.last_words()}")
                time.sleep(_PORT_INTERVAL_S)  # nothing tells when a foreign program listens

    def last_words(self) -> str:
        """Return the end of what it wrote, in one line."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _SHOWN_BYTES))
        words = self._errors.read().decode(errors="replace").split("\n")
        line = " / ".join(word.strip() for word in words if word.strip())
        return line[-_SHOWN_CHARACTERS:]

    def ask_to_end(self) -> None:
        """Make it end soon."""
        self._process.terminate()

    def close(self) -> None:
        """Wait a moment until it has ended; end it by force, and whatever it started."""
        children = self._children()
        try:
            self._process.wait(_END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for child in children:
            end_tree(child)
        self._errors.close()

    def _children(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            return list(psutil.Process(self.pid).children(recursive=True))
        return []


class Warden(Process):
    """The process that ends brokers and removes scratch files when the runner can no more."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="banyan_bench_"))
        command = (sys.executable, "-m", "benchmarks.warden", str(self.folder))
        super().__init__("warden", command, talks=True)

    def watch(self, process: Process) -> None:
        """Have a process ended after the runner."""
        self.input.write(f"{process.pid}\n".encode())
        self.input.flush()

    def ask_to_end(self) -> None:
        self.input.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ask_to_end()
        self.close()


@contextlib.contextmanager
def ended_together(processes: list[Process]) -> Iterator[None]:
    """End all processes of a list, whatever is in it by then, on the way out."""
    try:
        yield
    finally:
        for process in reversed(processes):
            process.ask_to_end()
        for process in processes:
            process.close()


def _start(command: Sequence[str], errors: IO[bytes], *, talks: bool) -> subprocess.Popen[bytes]:
    alone: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        alone = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen(  # noqa: S603 - our own commands
        command,
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if name not in _LEFT_OUT},
        stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
        stdout=subprocess.PIPE if talks else errors,
        stderr=errors,
        **alone,
    )
