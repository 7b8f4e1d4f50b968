"""What ends a program: SIGTERM does as Ctrl-C does, so that its clean-up runs."""

from __future__ import annotations

import signal
import threading
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
