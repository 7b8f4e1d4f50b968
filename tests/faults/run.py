"""Runs cases: one on one system, in bounded time; or all on all, in turn."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import Final

from faults.arena import Arena
from faults.case import FOR_ROOT, Case, Outcome
from faults.processes import FaultError
from faults.system import System

CASE_TIMEOUT_S: Final = 60
"""Every wait of a case is bounded; this is for what nobody thought of."""


def run_case(case: Case, system: System) -> Outcome:
    """Run one case on one system."""
    if case.needs_root and not can_make_links():
        return Outcome(case.name, system.key, 0.0, [], [], FOR_ROOT)
    started = time.monotonic()
    with Arena(system) as arena:
        try:
            with _bounded():
                case.run(arena)
        except FaultError as error:
            if not hasattr(arena, "backplane") or arena.lives():
                arena.record.fail(str(error))
        except OSError as error:
            arena.record.fail(f"{type(error).__name__}: {error}")
    record, seconds = arena.record, round(time.monotonic() - started, 1)
    return Outcome(case.name, system.key, seconds, record.figures, record.failures, record.left_out)


def can_make_links() -> bool:
    """Tell whether this process may make network namespaces and links."""
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("ip") is not None


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Raise FaultError in the main thread when a case takes far too long."""

    def too_long(_number: int, _frame: FrameType | None) -> None:
        raise FaultError(f"the case hung for {CASE_TIMEOUT_S} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, CASE_TIMEOUT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
