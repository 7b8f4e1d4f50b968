"""Commands answer `--help` at once: they import nothing heavy for it."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time

import pytest
from tools import CHECKOUT

HEAVY = ("zmq", "msgspec", "msgpack", "umsgpack", "psutil", "numpy", "rich", "asyncio")

COMMANDS = {
    "backplane": ("-m", "backplane", "--help"),
    "monitor": ("-m", "components.monitor", "--help"),
    "banyan": ("-m", "banyan", "--help"),
    "bench": ("-m", "banyan", "bench", "--help"),
}

NEEDED = {"monitor": {"zmq"}}
"""What may be imported all the same: the monitor's class stands in the page of the command."""

MOST_OVER_BARE_PYTHON_S = 0.15
RUNS = 5


@pytest.mark.parametrize("name", COMMANDS)
def test_help_imports_nothing_heavy(name: str) -> None:
    """The robust form of "quick": it does not depend on how busy the machine is."""
    report = _run("-X", "importtime", *COMMANDS[name]).stderr
    imported = set(re.findall(r"\| +([a-z_0-9]+)$", report, re.MULTILINE))
    assert "click" in imported
    assert imported & set(HEAVY) <= NEEDED.get(name, set())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_quick(name: str) -> None:
    """Measured against `python -c pass`, in turns, so that both see the same machine."""
    bare, command = [], []
    for _ in range(RUNS):
        bare.append(_seconds("-c", "pass"))
        command.append(_seconds(*COMMANDS[name]))
    assert statistics.median(command) - statistics.median(bare) < MOST_OVER_BARE_PYTHON_S


def _seconds(*arguments: str) -> float:
    start = time.perf_counter()
    _run(*arguments)
    return time.perf_counter() - start


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
