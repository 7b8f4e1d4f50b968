"""Deletes rings whose publishers are gone, killed or ended, and that nobody is still to read."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from banyan import limits
from banyan.shared import locks, places, segment
from banyan.shared.locks import Opened


def sweep(folders: Iterable[Path] | None = None) -> int:
    """Delete this user's rings that were left `limits.SHARED_GRACE_S` ago; return how many.

    The other users' are not touched, nor those of publishers that live: they hold a lock.
    """
    swept = 0
    for place in places.places() if folders is None else folders:
        with contextlib.suppress(OSError):
            swept += sum(_sweep(place / name) for name in os.listdir(place) if places.ring_of(name))
    return swept


def _sweep(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        if not places.is_private_folder(os.lstat(folder)):
            return False
        owner = folder / places.OWNER
        try:
            file = Opened(places.open_existing(owner, writable=True))
        except FileNotFoundError:  # its publisher was killed as it began, or a sweeper at the end
            return _is_old(os.lstat(folder)) and _delete(folder)
        # The age first: a publisher that just began must not find its file locked.
        if _is_old(os.fstat(file.number)) and locks.try_exclusive(file.number):
            return _delete(folder)
    return False


def _is_old(status: os.stat_result) -> bool:
    """Tell by the time of the last touch; one in the future means that the clock was set."""
    return abs(time.time() - status.st_mtime) > limits.SHARED_GRACE_S


def _delete(folder: Path) -> bool:
    """Delete what is in a ring's folder, the owner's file last, and the folder."""
    names = [name for name in os.listdir(folder) if name != places.OWNER]
    for name in names:
        segment.erase(folder / name)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(folder / places.OWNER)
    os.rmdir(folder)
    return True
