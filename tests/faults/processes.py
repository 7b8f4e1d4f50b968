"""Processes of a case: their output by line, their memory; none outlives the case or the runner."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import psutil

CHECKOUT: Final = Path(__file__).resolve().parents[2]

_LIMITED: Final = 'ulimit -n "$0" && exec "$@"'
_END_PATIENCE_S: Final = 3.0
_POLL_S: Final = 0.01


class FaultError(Exception):
    """The system did not stand the case; the message is for the table."""


def wait_until(condition: Callable[[], object], timeout: float, what: str) -> float:
    """Poll until a condition holds; return the seconds it took or raise FaultError."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > timeout:
            raise FaultError(f"not within {timeout:g} s: {what}")
        time.sleep(_POLL_S)
    return time.monotonic() - started


def held_within(condition: Callable[[], object], timeout: float) -> bool:
    """Poll until a condition holds; False if it does not in time."""
    with contextlib.suppress(FaultError):
        wait_until(condition, timeout, "")
        return True
    return False


class Process:
    """A program whose lines are read as they come. `quiet` leaves its stderr unread for good.

    Ended by its own id at `close`; where the system has setpriv it also ends with the runner.
    """

    def __init__(
        self,
        command: Sequence[object],
        *,
        descriptors: int | None = None,
        env: Mapping[str, str] | None = None,
        quiet: bool = False,
        **popen: Any,
    ) -> None:
        self.command = [str(word) for word in command]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._lines: queue.Queue[str | None] = queue.Queue()
        streams = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.DEVNULL if quiet else self._errors,
        }
        self.popen = subprocess.Popen(
            _on_a_leash(self.command, descriptors),
            cwd=CHECKOUT,
            env={**_environment(), **(env or {})},
            text=True,
            **{**streams, **popen},
        )
        if self.popen.stdout is not None:
            threading.Thread(target=self._read, args=(self.popen.stdout,), daemon=True).start()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.popen.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.popen.poll() is None

    def line(self, timeout: float = 10) -> str:
        """Return its next line; raise FaultError if it ends or none comes in time."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise FaultError(f"{self._name()} says nothing within {timeout:g} s") from None
        if line is None:
            self._lines.put(None)
            raise FaultError(f"{self._name()} ended: {self.end_in_words()}")
        return line

    def rest(self) -> list[str]:
        """Return the lines of a process that has ended, as far as nobody has read them."""
        lines = []
        while (line := self._lines.get(timeout=_END_PATIENCE_S)) is not None:
            lines.append(line)
        return lines

    def write(self, line: str) -> None:
        """Write a line to its stdin; what is gone is noticed when it does not answer."""
        assert self.popen.stdin is not None
        with contextlib.suppress(OSError):
            self.popen.stdin.write(line + "\n")
            self.popen.stdin.flush()

    def signal(self, number: int) -> None:
        """Send a signal to it, if it still runs."""
        self.popen.send_signal(number)

    def wait(self, timeout: float) -> int | None:
        """Wait until it ends by itself; return its status, None if it does not."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.popen.wait(timeout)
        return None

    def end_in_words(self) -> str:
        """Return how it ended: `SIGSEGV`, `status 1`."""
        status = self.wait(_END_PATIENCE_S)
        if status is None:
            return "it runs"
        return signal.Signals(-status).name if status < 0 else f"status {status}"

    def last_words(self) -> str:
        """Return how it ended, and the last line of its stderr if anybody may read that."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()][-1:]
        return ": ".join([self.end_in_words(), *said])

    def resident_mb(self) -> float:
        """Return the memory it holds now, in MB; 0 if it has ended."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return float(psutil.Process(self.pid).memory_info().rss) / 1e6
        return 0.0

    def peak_mb(self) -> float:
        """Return the most memory it ever held since `forget_peak`, in MB."""
        with contextlib.suppress(OSError, StopIteration):
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines()
            line = next(line for line in status if line.startswith("VmHWM"))
            return float(line.split()[1]) * 1024 / 1e6
        return self.resident_mb()

    def forget_peak(self) -> None:
        """Make `peak_mb` begin anew (proc(5), clear_refs)."""
        with contextlib.suppress(OSError):
            Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="utf-8")

    def cpu_s(self) -> float:
        """Return the processor time it has used."""
        with contextlib.suppress(psutil.NoSuchProcess):
            times = psutil.Process(self.pid).cpu_times()
            return float(times.user + times.system)
        return 0.0

    def connections(self) -> int:
        """Return how many connections it has accepted or made."""
        with contextlib.suppress(psutil.Error):
            found = psutil.Process(self.pid).net_connections("tcp")
            return sum(one.status == psutil.CONN_ESTABLISHED for one in found)
        return 0

    def close(self) -> None:
        """End it, by force if it is stopped or does not obey."""
        if self.running:
            self.popen.terminate()
            self.signal(signal.SIGCONT)
            if self.wait(_END_PATIENCE_S) is None:
                self.popen.kill()
        self.popen.wait()
        if self.popen.stdin is not None:
            with contextlib.suppress(OSError):
                self.popen.stdin.close()
        self._errors.close()

    def _name(self) -> str:
        return Path(self.command[1] if len(self.command) > 1 else self.command[0]).stem

    def _read(self, stream: IO[str]) -> None:
        with stream, contextlib.suppress(ValueError):
            for line in stream:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


def _environment() -> dict[str, str]:
    """Return ours without what would lead an installed program to this checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _on_a_leash(command: list[str], descriptors: int | None) -> list[str]:
    """Return a command that ends with its parent and may open so many descriptors only."""
    leash = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    limited = ["sh", "-c", _LIMITED, str(descriptors)] if descriptors else []
    return [*limited, *leash, *command]
