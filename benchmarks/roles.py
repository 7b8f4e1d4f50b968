"""The runner's end of the line to a role: commands go out, what the role says comes in."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.processes import Deadline, MeasurementError, Process

Said = dict[str, Any]


class Role(Process):
    """A `python -m benchmarks.role`, or a program that an adapter has in its place."""

    def __init__(self, adapter: str, role: str, program: Sequence[str] = ()) -> None:
        own = (sys.executable, "-m", "benchmarks.role", adapter, role)
        super().__init__(role, program or own, talks=True)
        self._said: dict[str, deque[Said]] = defaultdict(deque)
        self._failed, self._why = False, ""
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def tell(self, do: str, **fields: object) -> None:
        """Send a command."""
        with contextlib.suppress(OSError):  # it has ended: `hear` says so
            self.input.write(json.dumps({"do": do, **fields}).encode() + b"\n")
            self.input.flush()

    def hear(self, what: str, deadline: Deadline) -> Said:
        """Take the next line of a kind; raise MeasurementError if it does not come."""
        while True:
            said = self.hear_within(deadline.left(f"{self.name} says {what!r}"), what)
            if said is not None:
                return said

    def hear_within(self, seconds: float, what: str) -> Said | None:
        """Take the next line of a kind; return None if there is none within so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._said[what] or self._failed, seconds)
            if self._said[what]:
                return self._said[what].popleft()
            if self._failed:
                raise MeasurementError(self.failure)
        return None

    @property
    def failure(self) -> str:
        """Return why it has failed; "" if it has not."""
        return (self._why or f"{self.name} ended: {self.last_words()}") if self._failed else ""

    def ask_to_end(self) -> None:
        with contextlib.suppress(OSError):
            self.input.close()

    def _read(self) -> None:
        with self.output as lines:
            for line in lines:
                self._take(json.loads(line))
        self._take({"said": "failed", "why": ""})

    def _take(self, said: Said) -> None:
        with self._changed:
            if said["said"] == "failed":
                self._failed, self._why = True, self._why or said["why"]
            else:
                self._said[said["said"]].append(said)
            self._changed.notify_all()


def tell(roles: Iterable[Role], do: str, **fields: object) -> None:
    """Send several roles the same command."""
    for role in roles:
        role.tell(do, **fields)
