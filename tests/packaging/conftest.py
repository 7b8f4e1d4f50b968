"""The wheel, built once, and an environment it is installed into."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from packaging_environment import Environment, run
from tools import CHECKOUT

LEFT_OUT = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the tree, so that the checkout stays clean."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(CHECKOUT, folder / "tree", ignore=LEFT_OUT)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "tree", cwd=folder)
    (built,) = (folder / "tree" / "dist").iterdir()
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return an environment with the wheel installed, as `pip install` does it."""
    environment = Environment(tmp_path_factory.mktemp("installed") / "venv")
    environment.pip("install", "--quiet", "--no-index", "--no-deps", wheel)
    return environment
