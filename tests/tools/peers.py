"""python_banyan 3.17 as a peer: installed once into an environment of its own, run as processes.

Nothing of it is imported here, and nothing of its source is ever shown: its environment prints
tracebacks without source lines.
"""

from __future__ import annotations

import functools
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from banyan.transport import discovery
from tools.backplanes import Backplane
from tools.ports import free_port
from tools.programs import CHECKOUT, Program, eventually

REQUIREMENT: Final = "python-banyan==3.17"
HOME: Final = CHECKOUT / ".peers" / "python_banyan-3.17"
PROGRAMS: Final = CHECKOUT / "tests" / "interop" / "peer_programs"

_INSTALL_TIMEOUT_S: Final = 300
_QUIET: Final = "import sys; sys.tracebacklimit = 0\n"
_ENVIRONMENT: Final = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": "", "PYTHONUTF8": "1"}


class PeerMissingError(Exception):
    """The peer could not be installed; the message says why."""


@functools.cache
def install() -> Path:
    """Return the folder of the peer's programs, after installing it at the first call.

    The stamp is written last, so an interrupted installation is done again; the lock makes
    simultaneous test runs wait for each other. Raises PeerMissingError.
    """
    folder = HOME / ("Scripts" if os.name == "nt" else "bin")
    stamp, made_for = HOME / ".complete", f"{REQUIREMENT} in {HOME} for {sys.version}"
    HOME.parent.mkdir(exist_ok=True)
    with _one_at_a_time(HOME.parent / "lock.sqlite"):
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != made_for:
            stamp.unlink(missing_ok=True)
            _run(sys.executable, "-m", "venv", "--clear", HOME)
            pip = (_python(folder), "-m", "pip", "--disable-pip-version-check")
            _run(*pip, "install", "--quiet", REQUIREMENT)
            _site_packages(folder).joinpath("quiet.pth").write_text(_QUIET, encoding="utf-8")
            stamp.write_text(made_for, encoding="utf-8")
    return folder


def peer_program(name: str, *arguments: object) -> Program:
    """Start tests/interop/peer_programs/NAME.py with the peer's Python."""
    program = PROGRAMS / f"{name}.py"
    return Program(_python(install()), program, *arguments, env=_ENVIRONMENT)


def peer_component(name: str, backplane: Backplane, *arguments: object) -> Program:
    """Start one of these programs on a backplane: `NAME.py ADDRESS PUBLISHER SUBSCRIBER ...`."""
    ports = backplane.publisher_port, backplane.subscriber_port
    return peer_program(name, backplane.address, *ports, *arguments)


def peer_command(name: str, *arguments: object) -> Program:
    """Start one of the peer's own commands: backplane or monitor."""
    suffix = ".exe" if os.name == "nt" else ""
    return Program(install() / f"{name}{suffix}", *arguments, env=_ENVIRONMENT)


@contextmanager
def running_peer_backplane() -> Iterator[Backplane]:
    """Run the peer's backplane on free ports; it listens on this machine's LAN address alone."""
    ports = free_port(), free_port()
    address = discovery.lan_address()
    with peer_command("backplane", "-p", ports[0], "-s", ports[1]) as program:
        eventually(
            lambda: all(_answers(program, address, port) for port in ports),
            what="the peer's backplane answers",
        )
        yield Backplane(*ports, program, address)


def _answers(program: Program, address: str, port: int) -> bool:
    assert program.running, program.report()
    return discovery.greeting(address, port, 1.0) == discovery.ANSWERS


def _python(folder: Path) -> Path:
    return folder / ("python.exe" if os.name == "nt" else "python")


def _site_packages(folder: Path) -> Path:
    question = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(_run(_python(folder), "-c", question).strip())


def _run(*command: object) -> str:
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise PeerMissingError(
            f"{REQUIREMENT} was not installed within {_INSTALL_TIMEOUT_S} s ({' '.join(words)})"
        ) from None
    if done.returncode:
        raise PeerMissingError(
            f"{REQUIREMENT}, the peer of the interoperation tests, could not be installed; the "
            f"first run needs PyPI.\n{' '.join(words)}: status {done.returncode}\n"
            f"{done.stderr[-2000:]}"
        )
    return done.stdout


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock. SQLite's works alike on every system and dies with the process."""
    patience = 2 * _INSTALL_TIMEOUT_S
    with closing(sqlite3.connect(path, timeout=patience, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
