"""JSON lines between a role's process and the runner. Standard library only: it is measured too."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

Command = dict[str, Any]

_GRACE_S: Final = 0.5
"""How long a process that has done its work may take to end by itself."""


class Channel:
    """A role's end: what it says goes to the runner, what is printed otherwise to stderr."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
        os.dup2(2, 1)
        self._saying = threading.Lock()
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._closed = threading.Event()
        self.on_command: Callable[[Command], object] = self._commands.put
        """Called in a thread of its own with each line of the runner; by default they queue up."""
        self.ends_by_itself = False
        """Whether the process ends in order once the runner has closed the line."""
        threading.Thread(target=self._listen, daemon=True).start()

    def say(self, said: str, **fields: object) -> None:
        """Send one line to the runner."""
        with self._saying, contextlib.suppress(BrokenPipeError):
            self._out.write(json.dumps({"said": said, **fields}) + "\n")

    def next(self) -> Command:
        """Wait for the next command; the process ends if the runner does, so this needs no end."""
        return self._commands.get()

    def poll(self) -> Command | None:
        """Return the next command if there is one."""
        with contextlib.suppress(queue.Empty):
            return self._commands.get_nowait()
        return None

    def wait_for_the_end(self) -> None:
        """Return when the runner has closed the line."""
        self.ends_by_itself = True
        self._closed.wait()

    def _listen(self) -> None:
        for line in sys.stdin:
            self.on_command(json.loads(line))
        self._closed.set()
        if self.ends_by_itself:
            threading.Event().wait(_GRACE_S)
        os._exit(0)
