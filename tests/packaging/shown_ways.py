"""Ways to run a command that a page shows; each returns the command and what runs it."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from packaging_environment import run
from shown_scene import Scene
from tools import CHECKOUT

MAKEFILE: Final = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
UNIT: Final = CHECKOUT / "docs" / "backplane.service"
HOME: Final = "/opt/banyan"
"""Where docs/running_as_a_service.md installs it."""

Run = Callable[[Scene], None]


def says(
    command: str,
    line: str,
    *,
    status: int | None = None,
    backplanes: int = 1,
    heard: tuple[str, Any] | None = None,
    beside: str = "",
    after: Sequence[str] = (),
    library: str = "",
) -> tuple[str, Run]:
    """Start a command and wait for a line it prints, and with `status` for its end.

    `heard` is a message it is sent, `beside` a command that runs meanwhile, `after` are commands
    that are run first, `library` is one that an extra brings.
    """

    def go(scene: Scene) -> None:
        if library:
            scene.install(library)
        scene.run(after)
        scene.start_backplanes(backplanes)
        other = scene.start(beside) if beside else None
        if other is not None:
            other.wait_for_line("Loop Time")
        program = scene.start(command)
        if heard is not None:
            scene.publish_until(*heard, program, line)
        else:
            program.wait_for_line(re.compile(scene.adapt(line)), timeout=20)
        if status is not None:
            assert program.wait() == status, program.report()

    return command, go


def hears_with_a_key(command: str, line: str, after: Sequence[str]) -> tuple[str, Run]:
    """Start a command at a backplane with keys, and wait for a line it prints of a message."""

    def go(scene: Scene) -> None:
        scene.run(after)
        scene.start_keyed_backplane()
        program = scene.start(command)
        scene.publish_until("thing", 1, program, line, keys=scene.folder / "alice.key")

    return command, go


def publishes(command: str, topic: str) -> tuple[str, Run]:
    """Start a command and wait for a message it publishes."""

    def go(scene: Scene) -> None:
        scene.start_backplanes(1)
        scene.start(command)
        scene.wait_for_message(topic)

    return command, go


def target(name: str, recipe: str) -> tuple[str, Run]:
    """See that make knows a target and what it calls; running it here would run these tests."""

    def go(_scene: Scene) -> None:
        rule = re.search(
            rf"^{name.partition(' ')[0]}:.*## .*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE
        )
        assert rule is not None, f"the Makefile has no target {name} with a ## line"
        assert recipe in rule[0]

    return f"make {name}", go


def installs(command: str, requirement: str) -> tuple[str, Run]:
    """Run pip in a copy of the tree; dependencies need a network, so they are left out."""

    def go(scene: Scene) -> None:
        ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
        tree, place = scene.folder / "tree", scene.folder / "place"
        shutil.copytree(CHECKOUT, tree, ignore=ignored)
        alone = ("--no-index", "--no-deps", "--no-build-isolation", "--target", place)
        said = run(sys.executable, "-m", "pip", "install", *alone, requirement, cwd=tree)
        assert "does not provide" not in said
        assert (place / "banyan_components").is_dir()

    return command, go


def serves(command: str) -> tuple[str, Run]:
    """See that a command about the service fits the unit file; systemd takes no part."""

    def go(scene: Scene) -> None:
        unit = configparser.ConfigParser(interpolation=None, strict=False)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string(UNIT.read_text(encoding="utf-8"))
        assert unit["Service"]["ExecStart"].startswith(f"{HOME}/bin/")
        assert unit["Install"]["WantedBy"] == "multi-user.target"
        words = command.removeprefix("sudo ").split()
        assert words[0] in ("cp", "journalctl", "systemctl", "python3")
        assert {UNIT.stem, f"docs/{UNIT.name}", HOME, "daemon-reload"} & set(words)

    return command, go


def migrates(command: str) -> tuple[str, Run]:
    """Change the imports of a program for python_banyan, then run it."""

    def go(scene: Scene) -> None:
        scene.start_backplanes(1)
        subprocess.run(command.split(), cwd=scene.folder, check=True, timeout=10)
        program = scene.start("python my_program.py")
        assert program.wait() == 0, program.report()
        program.wait_for_line("Old using Back Plane IP address: 127.0.0.1")

    return command, go
