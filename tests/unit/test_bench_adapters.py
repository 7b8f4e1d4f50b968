"""The adapters of the benchmarks: what the runner relies on before any of them runs."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import benchmarks.adapters
from benchmarks import adapter, installed

CHECKOUT = Path(__file__).resolve().parents[2]
KEYS = [module.name for module in pkgutil.iter_modules(benchmarks.adapters.__path__)]
FUNCTIONS = ("missing", "broker", "publish", "converse")
PEER_LIBRARIES = {"nats", "paho", "redis", "zenoh", "python_banyan", "numpy", "msgpack_numpy"}
INSTALL_COMMANDS = ("pip install ", "apt install ", "nothing to install", "this version of Banyan")


@pytest.fixture(params=KEYS)
def system(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"benchmarks.adapters.{request.param}")


def test_every_peer_of_the_issue_has_an_adapter():
    peers = {
        "nats",
        "mosquitto",
        "redis",
        "zenoh_router",
        "zenoh_peer",
        "python_banyan",
        "c_libzmq",
    }
    assert peers | {"raw", "banyan_base", "banyan_shared"} <= set(KEYS)


def test_it_has_the_names_of_the_seam(system):
    assert isinstance(system.NAME, str)
    assert system.PORTS > 0
    assert system.ABILITIES.issubset({"arrays", "many"})
    for function in FUNCTIONS:
        assert callable(getattr(system, function)), function


def test_its_functions_can_be_called_as_the_seam_says(system):
    for function in FUNCTIONS:
        seam = inspect.signature(getattr(adapter.Adapter, function))
        arguments = [object()] * (len(seam.parameters) - 1)  # without self
        inspect.signature(getattr(system, function)).bind(*arguments)


def test_no_two_systems_are_called_alike():
    names = [importlib.import_module(f"benchmarks.adapters.{key}").NAME.lower() for key in KEYS]
    assert sorted(names) == sorted(set(names))


def test_what_is_missing_is_named_with_the_line_that_installs_it(system, monkeypatch):
    none: Any = lambda *_, **__: None  # noqa: E731
    monkeypatch.setattr("shutil.which", none)
    monkeypatch.setattr("importlib.util.find_spec", none)
    missing = system.missing()
    assert missing is None or any(command in missing for command in INSTALL_COMMANDS), missing
    assert missing is None or "\n" not in missing


def test_a_server_out_of_the_path_is_found(tmp_path, monkeypatch):
    server = tmp_path / ("some-server.exe" if sys.platform == "win32" else "some-server")
    server.touch(mode=0o755)
    monkeypatch.setenv("PATH", "")
    assert installed.program("some-server") is None
    monkeypatch.setattr(installed, "_SERVER_FOLDERS", (str(tmp_path),))
    assert installed.program("some-server") == str(server)


def test_a_library_that_is_there_is_not_missing():
    assert installed.library_missing("json", "json") is None
    assert "some-library is not installed" in str(
        installed.library_missing("no_such", "some-library")
    )


def test_no_adapter_imports_its_library_before_it_is_used():
    modules = ", ".join(f"benchmarks.adapters.{key}" for key in KEYS)
    program = f"import sys, {modules}; print(*({PEER_LIBRARIES} & sys.modules.keys()))"
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout.split() == []
