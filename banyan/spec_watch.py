"""Notices that a routing specification was edited."""

from __future__ import annotations

import logging
import os
import time

from banyan import limits
from banyan.errors import BanyanError
from banyan.routing import spec

logger = logging.getLogger("banyan")

Signature = tuple[int, int, int] | None


class SpecWatch:
    """Looks at a file now and then, and reads it when it has changed and come to rest."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._known = self._seen = self._signature()
        self._next_look = 0.0

    def edited(self) -> tuple[spec.Route, ...] | None:
        """Return the new routes after a valid edit, else None; an invalid edit is logged once."""
        now = time.monotonic()
        if now < self._next_look:
            return None
        self._next_look = now + limits.SPEC_CHECK_S
        signature, before = self._signature(), self._seen
        self._seen = signature
        # An editor may still be writing: what differs from the last look is not read yet.
        if signature == self._known or signature != before:
            return None
        self._known = signature
        try:
            return spec.load(self._path)
        except BanyanError as error:
            logger.error(
                "%s was edited but is not valid; the old table stays.\n%s", self._path, error
            )
            return None

    def _signature(self) -> Signature:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
