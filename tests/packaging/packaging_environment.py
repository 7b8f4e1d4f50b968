"""An environment of its own for the wheel, made without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement


class Environment:
    """A virtual environment that holds copies of our dependencies, if wanted, and nothing else."""

    def __init__(self, folder: Path, *, dependencies: bool = True) -> None:
        self.folder = folder
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        self.programs = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.programs / ("python.exe" if os.name == "nt" else "python")
        question = "import sysconfig; print(sysconfig.get_path('purelib'))"
        self.packages = Path(run(self.python, "-c", question).strip())
        for name in needed_by("banyan-backplane") if dependencies else ():
            copy_distribution(name, self.packages)

    def pip(self, *arguments: object) -> str:
        """Run the pip of the test's environment on this one."""
        return run(sys.executable, "-m", "pip", "--python", self.python, *arguments)


def run(*command: object, cwd: Path | None = None) -> str:
    """Run a command to its end and return what it printed; fail if it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    words = " ".join(map(str, command))
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def needed_by(name: str) -> set[str]:
    """Return the names of all distributions that one needs, without its extras."""
    found: set[str] = set()
    for line in distribution(name).requires or ():
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            found |= {needed.name} | needed_by(needed.name)
    return found


def copy_distribution(name: str, target: Path) -> None:
    """Copy an installed distribution's files: as good as installing it, and needs no network."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        pytest.fail(f"{name} is not installed where the tests run")
    for file in files:
        if ".." not in file.parts and "__pycache__" not in file.parts:
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(str(file.locate())), target / file)
