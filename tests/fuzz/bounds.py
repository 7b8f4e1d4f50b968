"""Runs a target on one input, within the time an input may take."""

from __future__ import annotations

import time
from typing import Final

from fuzz import targets

CPU_SECONDS: Final = 2.0
"""Of this thread: what a small input may take at most, on a slow and busy machine."""


def check(name: str, data: bytes) -> None:
    """Raise whatever the target raises at a fault, or AssertionError if it was slow."""
    target = targets.load(name)
    started = time.thread_time()
    target.one_input(data)
    assert time.thread_time() - started < CPU_SECONDS
