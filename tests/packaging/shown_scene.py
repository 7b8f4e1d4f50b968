"""A scene in which the pages' commands run as they stand, but on free ports.

The folder looks like the checkout; in every Python that is started there, the usual ports are
others. What a page writes out (43126, 192.168.1.20) is replaced.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self

from packaging_environment import Environment, copy_distribution
from tools import CHECKOUT, Backplane, Program, eventually, free_ports, running_backplane
from tools.recorder import Recorder, receiving

SPEC: Final = """\
backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port
kitchen,192.168.1.20,43125,"[temperature, door]",43124
kitchen,192.168.1.21,431250,"[]",43124
"""
"""my_spec.csv: two lines with three mistakes."""

OLD_PROGRAM: Final = """\
from python_banyan.banyan_base import BanyanBase
BanyanBase(process_name="Old")
"""
"""my_program.py, as written for python_banyan."""

OTHER_PORTS: Final = """\
import os
from banyan.routing import endpoint
endpoint.DEFAULT_PUBLISHER_PORT = os.environ["USUAL_PUBLISHER_PORT"]
endpoint.DEFAULT_SUBSCRIBER_PORT = os.environ["USUAL_SUBSCRIBER_PORT"]
"""
"""sitecustomize.py: Python imports it before anything else."""


class Scene:
    """A folder, four ports, and the programs started so far; all of them end with it."""

    def __init__(self, folder: Path, installed: Environment) -> None:
        self.folder = folder / "checkout"
        self._installed = installed
        usual = ("43124", "43125", "43126", "43127", "9464")
        self._others = dict(zip(usual, map(str, free_ports(len(usual))), strict=True))
        self._others["192.168.1.20"] = "127.0.0.1"
        self._customs = folder / "customs"
        self._ending = ExitStack()
        self.first: Backplane
        self._furnish()

    def start_backplanes(self, count: int) -> None:
        """Start the first, or the first and the second backplane of the pages."""
        for number, name in enumerate(("first", "second")[:count]):
            publisher, subscriber = list(self._others.values())[2 * number :][:2]
            ports = {"publisher_port": int(publisher), "subscriber_port": int(subscriber)}
            setattr(self, name, self._ending.enter_context(running_backplane(**ports)))

    def start(self, command: str) -> Program:
        """Start a command line; no shell takes part."""
        word, *arguments = shlex.split(self.adapt(command).removeprefix("sudo "))
        name = Path(word).name
        paths = [self._customs]
        if name == "python":
            program = Path(sys.executable)
            paths.append(CHECKOUT)
        else:
            program = self._installed.programs / name
        environment = {
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONUNBUFFERED": "1",
            "USUAL_PUBLISHER_PORT": self._others["43124"],
            "USUAL_SUBSCRIBER_PORT": self._others["43125"],
        }
        started = Program(program, *arguments, cwd=self.folder, env=environment)
        return self._ending.enter_context(started)

    def adapt(self, text: str) -> str:
        """Replace ports and addresses by those of this scene."""
        known = "|".join(map(re.escape, self._others))
        return re.sub(rf"\b({known})\b", lambda match: self._others[match[0]], text)

    def start_keyed_backplane(self) -> None:
        """Start the first backplane with the keys that were made in the folder."""
        program = self.start("backplane --keys my_keys")
        program.wait_for_line("Publisher")
        publisher, subscriber = (int(self._others[port]) for port in ("43124", "43125"))
        self.first = Backplane(publisher, subscriber, program)

    def install(self, library: str) -> None:
        """Install a library that not everybody needs."""
        copy_distribution(library, self._installed.packages)

    def run(self, commands: Iterable[str]) -> None:
        """Run commands one after the other, each to its good end."""
        for command in commands:
            program = self.start(command)
            assert program.wait() == 0, program.report()

    def publish_until(
        self, topic: str, payload: Any, program: Program, line: str, **options: Any
    ) -> None:
        """Publish until a program has printed a line: nobody knows when it has subscribed."""
        with Recorder(**self.first.keywords, **options) as source:

            def heard() -> bool:
                source.publish_payload(payload, topic)
                return any(line in each for each in list(program.lines))

            eventually(heard, what=f"{line!r}, {program.report()}")

    def wait_for_message(self, topic: str) -> None:
        """Wait until somebody publishes on a topic."""
        listener = Recorder(topic, **self.first.keywords)
        with receiving(listener):
            listener.wait_for(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def _furnish(self) -> None:
        for name in ("examples", "routing_specs", "docs"):
            shutil.copytree(CHECKOUT / name, self.folder / name)
        for spec in (self.folder / "routing_specs").glob("*.csv"):
            spec.write_text(self.adapt(spec.read_text(encoding="utf-8")), encoding="utf-8")
        (self.folder / "my_spec.csv").write_text(SPEC, encoding="utf-8")
        (self.folder / "my_program.py").write_text(OLD_PROGRAM, encoding="utf-8")
        self._customs.mkdir()
        (self._customs / "sitecustomize.py").write_text(OTHER_PORTS, encoding="utf-8")
