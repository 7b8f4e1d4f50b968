"""What processes use: CPU time, wake-ups, memory."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable

import psutil


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time of processes and their children, user and system."""
    return sum(_cpu(process.pid) for pid in pids for process in _tree(pid))


def wake_ups(pid: int) -> int:
    """Return how often the threads of a process have gone to sleep by themselves so far.

    Linux counts for each thread; elsewhere the number is what the system has for the process.
    """
    process = psutil.Process(pid)
    if not sys.platform.startswith("linux"):
        return int(process.num_ctx_switches().voluntary)
    threads = (psutil.Process(thread.id) for thread in process.threads())
    return sum(int(thread.num_ctx_switches().voluntary) for thread in threads)


def resident_mib(pid: int) -> float:
    """Return the memory of a process that is in RAM, shared libraries included."""
    return float(psutil.Process(pid).memory_info().rss) / 2**20


def _tree(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _cpu(pid: int) -> float:
    """Return the CPU time of one process: in nanoseconds on Linux, else as psutil has it.

    psutil reads /proc, where the unit is 10 ms: a tenth of what a broker uses in a short burst.
    The clock's number is made as clock_getcpuclockid(3) of glibc makes it.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):
            return time.clock_gettime((~pid << 3) | 2)
    with contextlib.suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0
