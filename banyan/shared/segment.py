"""Segments: the files of a ring, as the publisher sees them.

A segment is a header and room for one large message or several. Nobody locks it to write behind
what was written before, or to read what a handle names. To use a segment again from its start, the
publisher must lock it exclusively, which nobody who reads it allows, and gives it another
generation; so a generation's data never change.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from banyan.shared import locks, places
from banyan.shared.locks import Opened

if TYPE_CHECKING:
    import numpy as np

HEADER_BYTES: Final = 64
_ALIGNMENT: Final = 64
"""Of each leaf: a cache line, and enough for any of numpy's types."""

_MAGIC: Final = b"banyan 1"
_IDENTITY: Final = struct.Struct("<8s16sQ")
_GENERATION: Final = struct.Struct("<Q")
_GENERATION_AT: Final = 32
_NOTHING: Final = 0
"""The generation of a segment that holds nothing."""


def name_of(number: int) -> str:
    """Return the file name of a segment."""
    return f"{number:016x}"


def identity(ring: str, number: int) -> bytes:
    """Return the bytes with which a segment begins."""
    return _IDENTITY.pack(_MAGIC, bytes.fromhex(ring), number)


def generation_of(memory: mmap.mmap) -> int:
    """Return the generation of the data in a segment."""
    generation: int = _GENERATION.unpack_from(memory, _GENERATION_AT)[0]
    return generation


def aligned(size: int) -> int:
    """Return the bytes that a leaf takes up."""
    return -(-size // _ALIGNMENT) * _ALIGNMENT


class Segment:
    """A segment of this process's own ring; `size` is that of its file.

    Raises OSError or ValueError when there is no memory for it: it is taken now, not when it is
    written to, where want of it would end the process.
    """

    def __init__(self, folder: Path, ring: str, number: int, size: int) -> None:
        self.number = number
        self.generation = _NOTHING
        self.size = size
        self._path = folder / name_of(number)
        self._used = size
        self._file = Opened(places.create(self._path))
        try:
            _take_memory(self._file.number, size)
            self._memory = mmap.mmap(self._file.number, size)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            raise
        start = identity(ring, number)
        self._memory[: len(start)] = start

    def has_room(self, size: int) -> bool:
        """Tell whether leaves of `size` bytes fit behind what is there."""
        return self.size - self._used >= size

    def begin(self, generation: int) -> bool:
        """Forget what was written and begin a generation; False if somebody reads it."""
        if not locks.try_exclusive(self._file.number):
            return False
        _GENERATION.pack_into(self._memory, _GENERATION_AT, generation)
        locks.unlock(self._file.number)
        self.generation = generation
        self._used = HEADER_BYTES
        return True

    def write(self, leaves: Sequence[memoryview | np.ndarray[Any, Any]]) -> list[list[int]]:
        """Copy leaves behind what is there; return offset and length of each."""
        written = []
        for leaf in leaves:
            _copy(leaf, self._memory, self._used)
            written.append([self._used, leaf.nbytes])
            self._used += aligned(leaf.nbytes)
        return written

    def remove(self) -> None:
        """Delete the segment. Who reads it keeps the data."""
        release(self._file.number, self._memory)
        self.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def close(self) -> None:
        """Leave the segment to those who still read it."""
        self._memory.close()
        self._file.close()


def erase(path: Path) -> None:
    """Delete a segment that nobody owns any more."""
    with contextlib.suppress(OSError, ValueError):
        file = Opened(places.open_existing(path, writable=True))
        with mmap.mmap(file.number, 0) as memory:
            release(file.number, memory)
        file.close()
    with contextlib.suppress(OSError):
        os.unlink(path)


def release(descriptor: int, memory: mmap.mmap) -> None:
    """Give the memory of a segment back, unless somebody reads it.

    Subscribers that read from it once keep it open for the next time: deleting the file would
    not free the memory. The first page stays, for in it they see that the data are gone.
    """
    if len(memory) < HEADER_BYTES or not locks.try_exclusive(descriptor):
        return
    _GENERATION.pack_into(memory, _GENERATION_AT, _NOTHING)
    if sys.platform == "linux" and len(memory) > mmap.PAGESIZE:
        with contextlib.suppress(OSError):  # not every file system can
            memory.madvise(mmap.MADV_REMOVE, mmap.PAGESIZE)
    locks.unlock(descriptor)


def _take_memory(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    page = bytes(mmap.PAGESIZE)
    for _ in range(-(-size // mmap.PAGESIZE)):
        os.write(descriptor, page)


def _copy(leaf: memoryview | np.ndarray[Any, Any], memory: mmap.mmap, start: int) -> None:
    if isinstance(leaf, memoryview):
        memory[start : start + leaf.nbytes] = leaf
        return
    import numpy

    numpy.copyto(numpy.ndarray(leaf.shape, leaf.dtype, memory, start), leaf)
