"""What ends a component: SIGTERM does as Ctrl-C does, so that its clean-up runs."""

from __future__ import annotations

import signal
import threading


def sigterm_as_ctrl_c() -> None:
    """Let SIGTERM raise KeyboardInterrupt in the main thread, unless the program handles it itself.

    Without this, systemd, a launcher or `kill` would end a component in the middle of what it
    does, and what it published last would be lost.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
