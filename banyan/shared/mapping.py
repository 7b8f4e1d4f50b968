"""Mappings: the segments of others' rings, as a subscriber sees them, and leases on their data."""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from banyan import limits
from banyan.shared import locks, places
from banyan.shared.locks import Opened
from banyan.shared.segment import HEADER_BYTES, generation_of, identity

_lent: Final[dict[int, Opened]] = {}
"""By descriptor, what is locked for a lease. Were it the lease that refers to it, the garbage
collector could close it before it is unlocked."""


class Mapping:
    """A segment that is open for reading; nothing can be written through it.

    Raises OSError when there is no such file, or none that a publisher of this user can have made.
    """

    def __init__(self, path: Path, ring: str, number: int) -> None:
        self._path = path
        first = Opened(places.open_existing(path, writable=False))
        size = os.fstat(first.number).st_size
        start = identity(ring, number)
        # Never more than there is: touching what is beyond the end ends the process.
        if not HEADER_BYTES < size <= 2 * limits.SHARED_RING_BYTES:
            raise PermissionError(f"{path} has {size} bytes, as no segment has")
        self._memory = mmap.mmap(first.number, size, access=mmap.ACCESS_READ)
        if self._memory[: len(start)] != start:
            raise PermissionError(f"{path} is no segment of its ring")
        self._kind = _lease_of(size)
        self._address = _address_of(self._memory)
        self._lease: Callable[[], Any] = _no_lease
        # Each lease has an opening of the file to itself, and gives it back at its end: that may
        # come in any thread at any moment, and so shares nothing else with this one.
        self._spare: deque[Opened] = deque([first])

    def view(self, generation: int) -> memoryview | None:
        """Return a read-only view of the whole segment, which keeps its data from changing.

        None when they are of another generation. Views of one moment share one lease. Raises
        OSError when the system has no descriptor or no lock to spare.
        """
        lease = self._lease()
        if lease is None:
            lease = self._new_lease()
        if lease is None or generation_of(self._memory) != generation:
            return None
        return memoryview(lease).cast("B").toreadonly()

    def is_read(self) -> bool:
        """Tell whether somebody holds a view."""
        return self._lease() is not None

    def is_deleted(self) -> bool:
        """Tell whether the publisher or a sweeper deleted the segment."""
        return not self._path.exists()

    def _new_lease(self) -> Any:
        try:
            file = self._spare.pop()
        except IndexError:  # an earlier lease is just ending, in another thread
            file = Opened(places.open_existing(self._path, writable=False))
        lock = _Lock(file, self._spare)
        if not locks.try_shared(file.number):
            return None
        lease = self._kind.from_address(self._address)
        lease.lock = lock
        lease.memory = self._memory
        # With a callback, as then garbage is not found by it any more once finalisers run.
        self._lease = weakref.ref(lease, _gone)
        return lease


class _Forks:
    """How often this process was forked."""

    count = 0


def _count_fork() -> None:
    _Forks.count += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_parent=_count_fork)


class _Lock:
    """The lock of a lease, to be lifted when the last view of its data is gone.

    A fork shares the locks of its parent, and what one lifts is lifted for both. So the child
    never does, and the parent closes its opening of the file instead.
    """

    __slots__ = ("_forks", "_number", "_process", "_spare")

    def __init__(self, file: Opened, spare: deque[Opened]) -> None:
        self._number = file.number
        self._spare = spare
        self._process = os.getpid()
        self._forks = _Forks.count
        _lent[file.number] = file

    def __del__(
        self,
        lent: dict[int, Opened] = _lent,
        unlock: Callable[[int], None] = locks.unlock,
        getpid: Callable[[], int] = os.getpid,
        forks: type[_Forks] = _Forks,
    ) -> None:
        if self._process != getpid():
            return
        file = lent.pop(self._number)
        if self._forks != forks.count:
            file.close()
        elif file.number >= 0:  # at the end of the interpreter it may be closed
            unlock(self._number)
            self._spare.append(file)


@functools.lru_cache(maxsize=limits.SHARED_OPEN_SEGMENTS)
def _lease_of(size: int) -> Any:
    """Return the class of leases on segments of a size: what views of their data refer to.

    A ctypes array is the one object in Python 3.11 that lends a buffer, takes attributes and says
    when nobody uses it. A view of it can be hashed, as views of bytes can, if itself can.
    """
    return type("Lease", (ctypes.c_ubyte * size,), {"__hash__": object.__hash__})


class _Buffer(ctypes.Structure):
    """Py_buffer, part of Python's stable ABI since 3.11; only its beginning has names."""

    _fields_ = (("address", ctypes.c_void_p), ("rest", ctypes.c_byte * 256))


def _address_of(memory: mmap.mmap) -> int:
    """Return where a mapping begins; ctypes itself tells only of those that are writable."""
    buffer = _Buffer()
    _get_buffer(memory, buffer, 0)
    address = int(buffer.address)
    _release_buffer(buffer)
    return address


_get_buffer: Final = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = (ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int)
_release_buffer: Final = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = (ctypes.POINTER(_Buffer),)
_release_buffer.restype = None


def _no_lease() -> None:
    return None


def _gone(_: object) -> None:
    """Do nothing: what is to be done is done by the lock."""
