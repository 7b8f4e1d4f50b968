"""Signals: SIGTERM does as Ctrl-C does, so that a clean-up runs; SIGUSR1 asks for a report."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable
from types import FrameType


def sigterm_as_ctrl_c() -> None:
    """Let SIGTERM raise KeyboardInterrupt in the main thread, unless the program handles it itself.

    Without this, systemd, a launcher or `kill` would end a component in the middle of what it
    does, and what it published last would be lost.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def on_usr1(action: Callable[[], object]) -> bool:
    """Call `action` in the main thread when SIGUSR1 arrives; return whether that was arranged.

    Not where there is no such signal (Windows), outside the main thread, or where the program
    handles or ignores it; the default action would be to end the process. `action` interrupts
    whatever the main thread does, so it may wait for no lock; what it raises is thrown away.
    """
    if not hasattr(signal, "SIGUSR1"):
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGUSR1) is not signal.SIG_DFL:
        return False

    def handle(_number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(Exception):
            action()

    signal.signal(signal.SIGUSR1, handle)
    return True


class Ended:
    """True once SIGINT or SIGTERM has arrived; for a daemon, which has no code to interrupt.

    An exception that a signal handler raises gets lost where Python cannot pass it on (in a
    finaliser, say), and the daemon would run on. What was to be ignored, as by nohup, still is.
    """

    def __init__(self) -> None:
        self._ended = False
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._end)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ended = True

    def __bool__(self) -> bool:
        return self._ended
