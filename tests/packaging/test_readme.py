"""Every command, program and output that README.md, CONTRIBUTING.md and docs/ show is true.

A command in a ```sh or ```console block, in the table "I want to ..." or behind ExecStart= is run,
on free ports and for a bounded time. A ```python block is a file of examples/ or is run.
"""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from packaging_environment import Environment
from shown_pages import Block, blocks, commands
from shown_scene import Scene
from shown_ways import (
    HOME,
    MAKEFILE,
    UNIT,
    Run,
    hears_with_a_key,
    installs,
    migrates,
    publishes,
    says,
    serves,
    target,
)
from tools import CHECKOUT, eventually


@pytest.fixture
def scene(tmp_path: Path, installed: Environment) -> Iterator[Scene]:
    with Scene(tmp_path, installed) as furnished:
        yield furnished


# --- the commands ---------------------------------------------------------------------------

PROBE: Final = "routes show --probe routing_specs/two_backplanes_one_machine.csv"
MULTI: Final = "banyan run multi_echo_server -f routing_specs/two_backplanes_one_machine.csv"
BACKPLANE_2: Final = "backplane -n BP2 -p 43126 -s 43127"
COUNTER: Final = ("counter", {"number": 3})

NEW_DIRECTORY: Final = "banyan keys new my_keys"
NEW_KEY: Final = "banyan keys new alice.key --for my_keys"
KEYS: Final = (NEW_DIRECTORY, NEW_KEY)

RUNS: Final[dict[str, Run]] = dict(
    [
        says("backplane", "Subscriber Port = 43125", backplanes=0),
        says(BACKPLANE_2, "Subscriber Port = 43127", backplanes=0),
        says("backplane --bind 127.0.0.1", "IP address: 127.0.0.1$", backplanes=0),
        says(
            "backplane --metrics-port 9464",
            "Subscriber Port = 43125",
            backplanes=0,
            library="prometheus-client",
        ),
        says(NEW_DIRECTORY, "^Made my_keys", status=0, backplanes=0),
        says(NEW_KEY, "^alice is let in", status=0, backplanes=0, after=(NEW_DIRECTORY,)),
        says("backplane --keys my_keys", "Subscriber Port = 43125", backplanes=0, after=KEYS),
        says("banyan keys show my_keys", "^allowed +alice", status=0, backplanes=0, after=KEYS),
        says("banyan keys revoke my_keys alice", "no more", status=0, backplanes=0, after=KEYS),
        hears_with_a_key("monitor --keys alice.key", "thing 1", after=KEYS),
        says("monitor", "thing 1", heard=("thing", 1)),
        says("monitor system/ alarm", "alarm 1", heard=("alarm", 1)),
        says("monitor --json system/cpu", '"payload": 1', heard=("system/cpu", 1)),
        says("monitor --count 1 reply", "reply 1", heard=("reply", 1), status=0),
        says("monitor -b 192.168.1.20", "thing 1", heard=("thing", 1)),
        says("banyan run", "^  echo_server +Send every", status=0, backplanes=0),
        says("banyan run echo_server", "^Echoing"),
        says(
            "banyan run echo_client -m 10000",
            "^sent 10001, received 10001; round trip",
            status=0,
            beside="banyan run echo_server",
        ),
        publishes("banyan run system_probe", "system/cpu"),
        says(MULTI, "^Echoing on BP1", backplanes=2),
        says("banyan routes check my_spec.csv", "3 errors", status=1, backplanes=0),
        says(f"banyan {PROBE}", r"^BP2 .* answers +answers +[\d.]+ ms", status=0, backplanes=2),
        says("python examples/subscriber.py", "counter {'number': 3}", heard=COUNTER),
        publishes("python examples/publisher.py", "counter"),
        publishes("python examples/numpy_camera.py", "camera/front"),
        publishes("python examples/numpy_camera.py --shared", "camera/front"),
        says("banyan bench", r"^100KB +[\d,]+", status=0),
        says("banyan bench --local", r"^100KB +[\d,]+", status=0, backplanes=0),
        says(
            "python examples/numpy_viewer.py",
            "^camera/front .*240x320x3",
            beside="python examples/numpy_camera.py",
        ),
        migrates("sed -i.bak s/python_banyan/banyan/ my_program.py"),
        installs("pip install .", "."),
        installs("pip install '.[numpy]'", ".[numpy]"),
        installs("pip install '.[metrics]'", ".[metrics]"),
        installs(f"sudo {HOME}/bin/pip install .", "."),
        serves(f"sudo python3 -m venv {HOME}"),
        serves("sudo cp docs/backplane.service /etc/systemd/system/"),
        serves("sudo systemctl daemon-reload"),
        serves("sudo systemctl enable --now backplane"),
        serves("systemctl status backplane"),
        serves("journalctl -u backplane"),
        serves("sudo systemctl stop backplane"),
        serves("sudo systemctl disable backplane"),
        says(f"{HOME}/bin/banyan {PROBE}", r"^BP1 .* answers +answers +[\d.]+ ms", status=1),
        says(f"{HOME}/bin/backplane", "Subscriber Port = 43125", backplanes=0),
        says(f"{HOME}/bin/{BACKPLANE_2}", "Subscriber Port = 43127", backplanes=0),
        says(
            f"{HOME}/bin/backplane --keys my_keys",
            "Subscriber Port = 43125",
            backplanes=0,
            after=KEYS,
        ),
        publishes(f"{HOME}/bin/banyan run system_probe -b 127.0.0.1", "system/cpu"),
        target("demo", "banyan demo"),
        target("test", "-m pytest"),
        target("lint", "ruff check ."),
        target("types", "mypy"),
        target("format", "ruff format ."),
        target("check", "lint types test"),
        target("picture", "banyan demo --picture docs/demo.svg"),
        target("help", "Makefile"),
        target("bench", "python -m benchmarks"),
        target("bench QUICK=1", "$(if $(QUICK),--quick)"),
        target("faults", "python -m faults"),
        target("fuzz", "python -m fuzz"),
        target("soak", "python -m soak"),
        target("clean", "rm -rf $(VENV)"),
    ]
)


@pytest.mark.parametrize("command", commands())
def test_command(command: str, scene: Scene) -> None:
    assert command in RUNS, f"the pages show a command no test runs: {command}"
    RUNS[command](scene)


def test_every_run_is_of_a_command_that_is_shown() -> None:
    assert set(RUNS) == set(commands())


def test_ci_runs_what_the_readme_names() -> None:
    lines = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {"make lint", "make types", "make test"} <= set(lines)


def test_the_unit_starts_the_backplane(tmp_path: Path, installed: Environment) -> None:
    """By its form anywhere; systemd itself is asked where there is one."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    assert unit["Service"]["ExecStart"] == f"{HOME}/bin/backplane"
    assert unit["Service"]["Restart"] == "on-failure"
    assert unit["Install"]["WantedBy"] == "multi-user.target"
    if shutil.which("systemd-analyze"):
        _systemd_takes_it(tmp_path, installed)


def _systemd_takes_it(tmp_path: Path, installed: Environment) -> None:
    copy = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8").replace(f"{HOME}/bin", str(installed.programs))
    copy.write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    # It speaks of the machine's other units, too.
    assert [line for line in done.stderr.splitlines() if UNIT.name in line] == []


# --- programs -------------------------------------------------------------------------------


def test_the_readme_shows_the_examples_as_they_are() -> None:
    shown = [block.text for block in blocks("python") if block.page == "README.md"]
    files = [CHECKOUT / "examples" / name for name in ("publisher.py", "subscriber.py")]
    assert shown == [file.read_text(encoding="utf-8") for file in files]
    for text in shown:
        docstring, *code = [line for line in text.splitlines() if line]
        assert docstring.startswith('"""')
        assert len(code) <= 8


@pytest.mark.parametrize(
    "block", [block for block in blocks("python") if block.page != "README.md"], ids=str
)
def test_program(block: Block, scene: Scene) -> None:
    scene.start_backplanes(2)
    expected = re.findall(r"# prints: (.*)", block.text)
    assert expected, "a program in the pages says what it prints"
    (scene.folder / "shown.py").write_text(block.text, encoding="utf-8")
    program = scene.start("python shown.py")
    assert program.wait() == 0, program.report()
    assert [line for line in program.lines if line in expected] == expected
    assert not program.error_lines


# --- outputs --------------------------------------------------------------------------------


def masked(line: str) -> str:
    """Replace what differs from run to run: numbers with their units, addresses, bars."""
    line = re.sub(r"\d+(\.\d+)*( ?(bytes|kB|MB|GB)\b)?", "#", line)
    return re.sub(r"[▁▂▃▄▅▆▇█]+", "#", re.sub(r" +", " ", line))


def made() -> list[str]:
    """Return what make itself prints on the way to a goal."""
    said = re.findall(r'^\t@echo "(Making|Installing)(.*)"$', MAKEFILE, re.MULTILINE)
    return [f"{verb}{rest}".replace("$(VENV)", ".venv") for verb, rest in said]


def test_output_of_make_demo(scene: Scene) -> None:
    (block,) = (block for block in blocks("console") if block.command == "make demo")
    demo = scene.start("banyan demo --seconds 1")
    assert demo.wait(40) == 0, demo.report()
    real = {masked(line) for line in [*made(), *demo.lines]}
    assert [line for line in block.output if masked(line) not in real] == []


def test_output_of_make_test() -> None:
    (block,) = (block for block in blocks("console") if block.command == "make test")
    *before, last = block.output
    assert set(before) <= set(made())
    assert re.fullmatch(r"=+ \d+ passed(, \d+ skipped)? in [\d.]+s \(\d:\d\d:\d\d\) =+", last)


@pytest.mark.parametrize("command", ["backplane", "banyan routes check my_spec.csv"])
def test_output(command: str, scene: Scene) -> None:
    (block,) = (block for block in blocks("console") if block.command == command)
    program = scene.start(command)
    eventually(lambda: len(list(filter(None, program.lines))) >= len(block.output))
    program.end()
    real = [masked(line) for line in program.lines if line]
    assert real == [masked(line) for line in block.output]


def test_every_output_is_compared() -> None:
    compared = {"make demo", "make test", "backplane", "banyan routes check my_spec.csv"}
    assert {block.command for block in blocks("console")} == compared
