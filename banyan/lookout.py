"""The thread that looks at the receive queues of this process; it is there while it is needed."""

from __future__ import annotations

import logging
import select
import sys
import threading
import time
from typing import Final

from banyan.intake import Intake

logger = logging.getLogger("banyan")


class _Lookout:
    """The thread that looks at all intakes of the process; it is there while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._intakes: list[Intake] = []
        self._thread: threading.Thread | None = None

    def add(self, intake: Intake) -> None:
        """Look at one more; harmless if it is looked at already."""
        with self._lock:
            intake.begin()
            if intake not in self._intakes:
                self._intakes.append(intake)
            if self._thread is None or not self._thread.is_alive():  # not alive: after a fork
                self._thread = threading.Thread(
                    target=self._run, name="banyan receive queues", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while intakes := self._current():
            for intake in intakes:
                _look(intake)
            _wait(intakes)

    def _current(self) -> list[Intake]:
        with self._lock:
            self._intakes = [intake for intake in self._intakes if not intake.finished]
            if not self._intakes:
                self._thread = None
            return list(self._intakes)


_lookout: Final = _Lookout()


def look_after(intake: Intake) -> None:
    """Look at an intake from now on, four times a second, until it wants no more."""
    if sys.platform == "linux":
        _lookout.add(intake)


def _look(intake: Intake) -> None:
    try:
        intake.look()
    except Exception:
        logger.exception("the receive queue of a component is not bounded any more")
        intake.close()


def _wait(intakes: list[Intake]) -> None:
    """Wait for the next turn; less if a connection to be cut has been made."""
    pause = min(intake.pause for intake in intakes)
    descriptors = [number for one in intakes if one.cutting for number in one.descriptors()]
    if not descriptors:
        time.sleep(pause)
        return
    poller = select.poll()
    for number in descriptors:
        poller.register(number, select.POLLIN)
    poller.poll(pause * 1000)
