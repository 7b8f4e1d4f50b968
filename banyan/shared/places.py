"""Where rings lie in the file system, what makes a folder a ring of ours, and on which machine.

A ring is a folder `banyan-<32 hexadecimal digits>` that only its user may enter. In it are
segments, named by their numbers, and the file `owner`, locked as long as the publisher lives and
touched while it publishes.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import socket
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

OWNER: Final = "owner"

_PREFIX: Final = "banyan-"
_RING: Final = re.compile(f"{_PREFIX}([0-9a-f]{{32}})")
_MEMORY: Final = "/dev/shm"  # noqa: S108 - each ring is a folder of its own in it, mode 0700
_BOOT: Final = "/proc/sys/kernel/random/boot_id"

_OPEN: Final = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)
"""No symbolic link is followed, a pipe does not wait for its other end, and bytes stay bytes."""


@functools.cache
def places() -> tuple[Path, ...]:
    """Return the folders in which rings may lie: memory, where there is such a folder, first."""
    folders = [_MEMORY] if os.path.isdir(_MEMORY) else []
    with contextlib.suppress(OSError):  # no folder for temporary files at all
        folders.append(tempfile.gettempdir())
    return tuple(map(Path, dict.fromkeys(folders)))


def folder_of(place: Path, ring: str) -> Path:
    """Return the folder of a ring."""
    return place / f"{_PREFIX}{ring}"


def ring_of(folder: str) -> str | None:
    """Return the ring whose folder has this name; None for other names."""
    found = _RING.fullmatch(folder)
    return found and found[1]


def is_mine(status: os.stat_result) -> bool:
    """Tell whether a file or folder belongs to this user."""
    return sys.platform == "win32" or status.st_uid == os.geteuid()


def is_private_folder(status: os.stat_result) -> bool:
    """Tell whether this is a folder that only this user may enter."""
    private = sys.platform == "win32" or not status.st_mode & 0o077
    return stat.S_ISDIR(status.st_mode) and is_mine(status) and private


def create(path: Path) -> int:
    """Create a file that only this user may open; return its descriptor."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _OPEN, 0o600)


def open_existing(path: Path, *, writable: bool) -> int:
    """Open a plain file of this user; return its descriptor.

    Raises OSError, PermissionError above all for what is no plain file or another user's.
    """
    descriptor = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | _OPEN)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or not is_mine(status):
        os.close(descriptor)
        raise PermissionError(f"{path} is no plain file of this user")
    return descriptor


@functools.cache
def host() -> str:
    """Return the name of this machine."""
    return socket.gethostname()[:255]


@functools.cache
def boot() -> str:
    """Return what tells machines of one name apart, where the system has such a thing, or ''.

    Linux has a number made at each start; containers have that of their machine.
    """
    try:
        return Path(_BOOT).read_text(encoding="ascii").strip()[:255]
    except (OSError, ValueError):
        return ""
