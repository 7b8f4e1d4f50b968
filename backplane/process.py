"""What this process takes of its machine: memory and descriptors."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import Final

import psutil

from banyan import limits

_STATM: Final = "/proc/self/statm"


class Memory:
    """The memory of this process; on Linux it is read without a new descriptor.

    For it must be known above all when there are none left.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._statm: int | None = None
        with contextlib.suppress(OSError):
            if sys.platform == "linux":
                self._statm = os.open(_STATM, os.O_RDONLY | os.O_CLOEXEC)

    def used(self) -> int:
        """Return the resident memory, in bytes."""
        if self._statm is None:
            return int(self._process.memory_info().rss)
        pages = int(os.pread(self._statm, 100, 0).split()[1])
        return pages * int(os.sysconf("SC_PAGE_SIZE"))


def default_memory_limit() -> int:
    """Return how many bytes a backplane takes at most, unless told otherwise."""
    return min(limits.BACKPLANE_MEMORY_BYTES, int(psutil.virtual_memory().total) // 4)


def give_back() -> None:
    """Have the C library return free memory to the system; by itself, glibc keeps it."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def raise_descriptor_limit() -> int:
    """Allow this process as many descriptors as the system lets it have; return how many.

    A limit that is not known is taken for `limits.ASSUMED_DESCRIPTORS`.
    """
    try:
        import resource
    except ImportError:  # Windows
        return limits.ASSUMED_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS: "unlimited" is more than it takes
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return limits.ASSUMED_DESCRIPTORS if soft == resource.RLIM_INFINITY else int(soft)


def descriptors() -> int:
    """Return how many descriptors (on Windows: handles) are open."""
    process = psutil.Process()
    return int(process.num_handles() if sys.platform == "win32" else process.num_fds())
