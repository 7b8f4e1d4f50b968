"""Spares the peer the zombies of this machine.

Without an address it reads the process list, and any zombie there, of whoever, ends it with
psutil's error. Tests run on machines that have some, so psutil is made to call them nameless.
Import this before the peer.
"""

from __future__ import annotations

import psutil


def _spared(method, nothing):
    def call(process):
        try:
            return method(process)
        except psutil.NoSuchProcess:  # ZombieProcess is one
            return nothing

    return call


psutil.Process.name = _spared(psutil.Process.name, "")
psutil.Process.exe = _spared(psutil.Process.exe, "")
psutil.Process.cmdline = _spared(psutil.Process.cmdline, [])
