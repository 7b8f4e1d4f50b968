"""Lets messages gather while they come or go without a pause, and only then."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import zmq

_FAST_S: Final = 10e-6
"""Time between two messages of a flood: a program that does anything else between them is slower,
and libzmq's thread then has slept, and has to be woken, at each."""

_SELDOM: Final = 1023
_OFTEN: Final = 15

_ENDED_S: Final = 0.05
"""A flood that was slow for so long has ended; its program is sometimes not running for a while."""

_TASKS: Final = Path("/proc/self/task")


class FloodWatch:
    """Looks at the pace of messages now and then, and has libzmq's I/O thread follow it.

    While a flood lasts the thread is a batch thread (Linux): it is woken like any other but does
    not push aside a thread that is running, so that messages leave in groups. Measured on two
    cores: 1.5 times the throughput. A batch thread makes round trips slow, 8 ms instead of 0.1,
    where other programs occupy all cores; so it is one only as long as the flood lasts.

    `mask` tells how often to look: when the number of messages has none of its bits.
    """

    def __init__(self, context: zmq.Context[Any]) -> None:
        self.mask = _SELDOM
        self._looked = -1.0
        self._flooded = -1.0
        self._threads = _new_threads(context)

    def look(self) -> None:
        """Compare the pace since the last look with a flood's."""
        now = time.monotonic()
        fast = now - self._looked < (self.mask + 1) * _FAST_S
        self._looked = now
        if fast:
            self._flooded = now
            if self.mask == _SELDOM:
                self.mask = _OFTEN
                self._let_gather(True)
        elif self.mask == _OFTEN and now - self._flooded > _ENDED_S:
            self.mask = _SELDOM
            self._let_gather(False)

    def _let_gather(self, flood: bool) -> None:
        if sys.platform != "linux":
            return
        # A thread has its name a moment after its number: not yet when the context was made.
        self._threads = [thread for thread in self._threads if _does_io(thread)]
        policy = os.SCHED_BATCH if flood else os.SCHED_OTHER
        for thread in self._threads:
            with contextlib.suppress(OSError):  # ended, or forbidden in a sandbox
                os.sched_setscheduler(thread, policy, os.sched_param(0))


def _new_threads(context: zmq.Context[Any]) -> list[int]:
    """Start a context's threads; return the numbers of all that began meanwhile (Linux).

    None if somebody chose a policy for this program, which its threads inherit and keep.
    """
    if sys.platform != "linux" or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return []
    before = _threads()
    context.socket(zmq.PAIR).close()  # the first socket starts them
    return sorted(_threads() - before)


def _threads() -> set[int]:
    with contextlib.suppress(OSError):
        return {int(task.name) for task in _TASKS.iterdir()}
    return set()


def _does_io(thread: int) -> bool:
    try:
        name = (_TASKS / str(thread) / "comm").read_text(encoding="utf-8")
    except OSError:
        return False
    return name.startswith("ZMQbg/IO")
