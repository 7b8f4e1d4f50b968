"""Whether what a peer needs is on this machine: libraries and servers, and how to install them.

Looks without importing or starting anything, so that asking costs next to nothing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import Final

_SERVER_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
"""Where Debian and Homebrew install servers; few users have them on their PATH."""


def program(name: str) -> str | None:
    """Return the path of a program, or None."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(_SERVER_FOLDERS))


def program_missing(name: str) -> str | None:
    """Return a line that installs a server of this name, Debian's package being named alike."""
    if program(name):
        return None
    return f"{name} is not installed: sudo apt install {name}"


def library_missing(module: str, distribution: str) -> str | None:
    """Return a line that installs a Python library."""
    if importlib.util.find_spec(module):
        return None
    return f"{distribution} is not installed: pip install 'banyan-backplane[bench]'"
