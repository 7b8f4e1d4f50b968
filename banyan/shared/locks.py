"""Locks on open files that the system lifts when a process ends, however it ends.

A lock belongs to one opening of a file: two of the same process exclude each other as well. None
of these functions waits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _EXCLUSIVELY_AT_ONCE = 3
    """LOCKFILE_EXCLUSIVE_LOCK and LOCKFILE_FAIL_IMMEDIATELY."""
    _AT_ONCE = 1
    _FAR_BEYOND_THE_END = 0x4000_0000
    """High half of the locked byte's offset: Windows locks bytes, and these hold no data."""

    _kernel = ctypes.WinDLL("kernel32")

    class _Overlapped(ctypes.Structure):
        _fields_ = (
            ("internal", ctypes.c_void_p),
            ("internal_high", ctypes.c_void_p),
            ("offset", wintypes.DWORD),
            ("offset_high", wintypes.DWORD),
            ("event", wintypes.HANDLE),
        )

    def _lock(descriptor: int, flags: int) -> bool:
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(descriptor))
        place = _Overlapped(offset_high=_FAR_BEYOND_THE_END)
        return bool(_kernel.LockFileEx(handle, flags, 0, 1, 0, ctypes.byref(place)))

    def try_shared(descriptor: int) -> bool:
        """Lock a file against exclusive locks; False if there is one."""
        return _lock(descriptor, _AT_ONCE)

    def try_exclusive(descriptor: int) -> bool:
        """Lock a file against all other locks; False if there is one."""
        return _lock(descriptor, _EXCLUSIVELY_AT_ONCE)

    def unlock(descriptor: int) -> None:
        """Lift the lock, of either kind."""
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(descriptor))
        place = _Overlapped(offset_high=_FAR_BEYOND_THE_END)
        _kernel.UnlockFileEx(handle, 0, 1, 0, ctypes.byref(place))

else:
    import fcntl

    def try_shared(descriptor: int) -> bool:
        """Lock a file against exclusive locks; False if there is one."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def try_exclusive(descriptor: int) -> bool:
        """Lock a file against all other locks; False if there is one."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(
        descriptor: int,
        flock: Callable[[int, int], None] = fcntl.flock,
        how: int = fcntl.LOCK_UN,  # at the end of the interpreter the module is empty
    ) -> None:
        """Lift the lock, of either kind."""
        flock(descriptor, how)


class Opened:
    """A file's descriptor, closed when it is forgotten at the latest."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def close(self) -> None:
        """Close the file now."""
        self.__del__()

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        number, self.number = self.number, -1
        if number >= 0:
            close(number)
