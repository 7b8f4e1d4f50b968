"""Programs start fast because they import late."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tools import CHECKOUT

HEAVY = {"rich", "psutil", "numpy", "msgpack", "msgspec", "asyncio"}
"""20 to 150 ms each; `--help` is to answer in under 150 ms."""


@pytest.mark.parametrize(
    "module",
    [
        "components.echo_client",
        "components.echo_server",
        "components.monitor",
        "components.multi_echo_server",
        "components.notifier",
        "components.system_probe",
        "banyan.cli.demo",
        "banyan.cli.run",
    ],
)
def test_importing_a_program_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    found = subprocess.check_output([sys.executable, "-c", code], cwd=CHECKOUT, text=True)
    assert not HEAVY & set(found.split())
