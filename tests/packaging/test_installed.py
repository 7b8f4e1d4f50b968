"""The wheel as a user has it: installed, used from a folder of his own, removed again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from packaging_environment import Environment, run

from banyan.version import __version__

HELPS = [
    ("backplane", "--help"),
    ("backplane", "-h"),
    ("monitor", "--help"),
    ("banyan", "--help"),
    ("banyan", "routes", "--help"),
    ("banyan", "demo", "--help"),
    ("banyan", "run", "echo_server", "--help"),
]


@pytest.fixture
def users_folder(tmp_path: Path) -> Path:
    """A folder with the names everybody uses: components, backplane, examples, tests."""
    for name in ("components", "backplane", "examples", "tests"):
        (tmp_path / name).mkdir()
        text = "raise ImportError('the user\\'s own package was imported')\n"
        (tmp_path / name / "__init__.py").write_text(text, encoding="utf-8")
    return tmp_path


def test_it_comes_from_site_packages(installed: Environment, users_folder: Path) -> None:
    where = "import banyan, banyan_backplane as b, banyan_components as c;"
    where += "print(banyan.__file__, b.__file__, c.__file__, sep='\\n')"
    for line in run(installed.python, "-c", where, cwd=users_folder).splitlines():
        assert Path(line).is_relative_to(installed.packages)


@pytest.mark.parametrize("command", HELPS, ids=" ".join)
def test_help(installed: Environment, users_folder: Path, command: tuple[str, ...]) -> None:
    program, *arguments = command
    text = run(installed.programs / program, *arguments, cwd=users_folder)
    assert text.startswith("Usage: ")


@pytest.mark.parametrize("program", ["backplane", "banyan"])
def test_version(installed: Environment, users_folder: Path, program: str) -> None:
    assert __version__ in run(installed.programs / program, "--version", cwd=users_folder)


def test_modules_can_be_run(installed: Environment, users_folder: Path) -> None:
    for module in ("banyan", "banyan_backplane", "banyan_components.echo_server"):
        text = run(installed.python, "-m", module, "--help", cwd=users_folder)
        assert text.startswith("Usage: ")


def test_run_lists_every_program(installed: Environment, users_folder: Path) -> None:
    listing = run(installed.programs / "banyan", "run", cwd=users_folder)
    for program in (
        "backplane",
        "echo_client",
        "echo_server",
        "monitor",
        "multi_echo_server",
        "notifier",
        "system_probe",
    ):
        assert f"\n  {program} " in listing


def test_users_components_folder_is_his(installed: Environment, tmp_path: Path) -> None:
    """His package of that name is the one he imports, beside our library."""
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "arm.py").write_text("OWN = 'his'\n", encoding="utf-8")
    code = "from components import arm; import banyan.banyan_base; print(arm.OWN)"
    assert run(installed.python, "-c", code, cwd=tmp_path).strip() == "his"


def test_no_common_names_are_taken(installed: Environment, tmp_path: Path) -> None:
    for name in ("components", "backplane", "examples", "tests", "routing_specs", "benchmarks"):
        code = f"import importlib.util as u; print(u.find_spec({name!r}))"
        assert run(installed.python, "-c", code, cwd=tmp_path).strip() == "None", name


def test_removing_takes_only_what_is_ours(wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv", dependencies=False)
    for name in ("components", "backplane"):
        (environment.packages / name).mkdir()
        (environment.packages / name / "__init__.py").write_text("", encoding="utf-8")
    before = _files(environment)
    environment.pip("install", "--quiet", "--no-index", "--no-deps", wheel)
    assert _files(environment) > before
    environment.pip("uninstall", "--quiet", "--yes", "banyan-backplane")
    assert _files(environment) == before


def _files(environment: Environment) -> set[str]:
    return {
        os.path.join(folder, name)
        for folder, _, names in os.walk(environment.folder)
        for name in names
        if not name.endswith(".pyc")
    }
