"""Log lines that cannot become a flood."""

from __future__ import annotations

import logging
import time

from banyan import limits


class QuietLog:
    """Logs one warning of a kind in `limits.LOG_INTERVAL_S`, and says how many it left out."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._last: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def warning(self, kind: str, message: str, *values: object) -> None:
        """Log a warning unless one of the same kind was logged a moment ago."""
        now = time.monotonic()
        if now - self._last.get(kind, -limits.LOG_INTERVAL_S) < limits.LOG_INTERVAL_S:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return
        self._last[kind] = now
        if missed := self._left_out.pop(kind, 0):
            message += f" (and {missed} more like it)"
        self._logger.warning(message, *values)
