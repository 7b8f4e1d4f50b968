"""The floor: C on both ends of libzmq, compiled on the spot. What no Python library can beat.

The program is `c_floor.c`, which says how it is set. It is linked with the very libzmq that pyzmq
uses, where that came in pyzmq's wheel, else with the system's. It speaks the roles' JSON lines
itself, so there is no Python in what is measured.
"""

from __future__ import annotations

import glob
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.adapter import Message, OnMessage, Place

NAME = "libzmq in C"
PORTS = 2
ABILITIES: frozenset[str] = frozenset()

_HERE: Final = Path(__file__).parent
_SOURCES: Final = (_HERE / "c_floor.c", _HERE / "c_floor.h")
_BUILT: Final = Path(__file__).resolve().parents[2] / "build" / "bench"
_COMPILERS: Final = ("cc", "gcc", "clang")
_FLAGS: Final = ("-O2", "-std=gnu11", "-pthread")
_COMPILED_WITHIN_S: Final = 60.0
_SYSTEM_LIBRARIES: Final = (
    "/usr/lib/*/libzmq.so*",
    "/usr/lib*/libzmq.so*",
    "/usr/local/lib/libzmq.so*",
    "/usr/local/lib/libzmq.dylib",
    "/opt/homebrew/lib/libzmq.dylib",
)


def missing() -> str | None:
    """A compiler and libzmq are needed; no header."""
    if os.name == "nt":
        return "libzmq in C is measured on Linux and macOS only: there is nothing to install"
    if _compiler() is None:
        return "no C compiler is installed: sudo apt install gcc libc6-dev"
    if _library() is None:
        return "libzmq is not installed: sudo apt install libzmq3-dev"
    return None


def broker(place: Place) -> Sequence[str]:
    """Return the command of the proxy."""
    return [_built(), "broker", *map(str, place.ports)]


def program(role: str) -> Sequence[str]:
    """Return the command that plays a role."""
    return [_built(), role]


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Not used: `program` publishes."""
    raise NotImplementedError


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Not used: `program` receives."""
    raise NotImplementedError


def _built() -> str:
    """Return the program, compiled unless it is there already for these sources and libzmq."""
    compiler, library = _compiler(), _library()
    if compiler is None or library is None:
        raise FileNotFoundError(missing())
    made_of = [*(source.read_bytes() for source in _SOURCES), os.fsencode(library)]
    path = _BUILT / f"c_floor-{hashlib.sha256(b''.join(made_of)).hexdigest()[:12]}"
    if not path.exists():
        _compile(compiler, library, path)
    return str(path)


def _compile(compiler: str, library: Path, path: Path) -> None:
    _BUILT.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    linked = (str(library), f"-Wl,-rpath,{library.parent}")
    done = subprocess.run(  # noqa: S603 - our own program
        [compiler, *_FLAGS, str(_SOURCES[0]), "-o", str(unfinished), *linked],
        capture_output=True,
        text=True,
        timeout=_COMPILED_WITHIN_S,
        check=False,
    )
    if done.returncode:
        raise OSError(f"{_SOURCES[0].name} does not compile: {done.stderr.strip()[-500:]}")
    unfinished.replace(path)


def _compiler() -> str | None:
    return next(filter(None, map(shutil.which, _COMPILERS)), None)


def _library() -> Path | None:
    """Return pyzmq's own libzmq; on macOS the system's, as a wheel's cannot be linked there."""
    patterns = list(_SYSTEM_LIBRARIES)
    pyzmq = importlib.util.find_spec("zmq")
    if pyzmq is not None and pyzmq.origin is not None and sys.platform != "darwin":
        folder = Path(pyzmq.origin).parents[1] / "pyzmq.libs"
        patterns.insert(0, str(folder / "libzmq*.so*"))
    found = (sorted(glob.glob(pattern)) for pattern in patterns)
    return next((Path(names[0]).absolute() for names in found if names), None)
