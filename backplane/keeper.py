"""Keeps the keys and permissions of a backplane as its directory has them, edits included."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from banyan.errors import KeyFileError
from banyan.keys.key_ring import KeyRing

from .inspector import Inspector

logger = logging.getLogger("banyan")


class Keeper:
    """The directory's content, and what follows from a change of it.

    `inspector` is None as long as every key may everything. Raises KeyFileError if the directory
    cannot be relied on; later it logs that and goes on with what it has.
    """

    def __init__(self, directory: Path) -> None:
        self._stamp = KeyRing.stamp(directory)
        self._trouble = ""
        self.ring = KeyRing.load(directory)
        permissions = self.ring.permissions
        self.inspector = None if permissions is None else Inspector(permissions)
        self._tell_faults()

    def changed(self) -> bool:
        """Read the directory anew if it was edited; whether it was."""
        stamp = KeyRing.stamp(self.ring.directory)
        if stamp == self._stamp:
            return False
        try:
            self.ring = self.ring.reload()
        except KeyFileError as error:  # it is tried again: there may be no descriptors just now
            if str(error) != self._trouble:
                logger.error("the keys stay as they were: %s", error)
            self._trouble = str(error)
            return False
        self._stamp, self._trouble = stamp, ""
        self._tell_faults()
        return True

    def follow(self, inspect: Callable[[Inspector], None]) -> set[bytes]:
        """Put changed permissions into force; return the keys whose subscriptions may be wrong.

        `inspect` is called with an inspector if one is needed for the first time.
        """
        after = self.ring.permissions
        if after is None:
            return set()
        if self.inspector is None:
            self.inspector = Inspector(after)
            inspect(self.inspector)
            return set()
        before = self.inspector.permissions
        self.inspector.permit(after)
        names = self.ring.allowed.items()
        return {key for key, name in names if before.of(name) != after.of(name)}

    def _tell_faults(self) -> None:
        for fault in self.ring.faults:
            logger.warning("%s", fault)
