"""What the wheel holds: the tree's packages, all of them, and nothing else."""

from __future__ import annotations

import configparser
import email
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from tools import CHECKOUT

from banyan.version import __version__

FOLDERS = {"banyan": "banyan", "backplane": "banyan_backplane", "components": "banyan_components"}
"""The tree's folders, and their names in site-packages."""

METADATA = f"banyan_backplane-{__version__}.dist-info"


def _packages(folder: Path) -> Iterator[Path]:
    return (init.parent.relative_to(CHECKOUT) for init in folder.rglob("__init__.py"))


def _installed_name(path: Path) -> str:
    """Return where a file or folder of the tree stands in site-packages."""
    return "/".join((FOLDERS[path.parts[0]], *path.parts[1:]))


def _tree() -> set[str]:
    """Return what should be in the wheel: every module, every py.typed."""
    return {
        _installed_name(file.relative_to(CHECKOUT))
        for folder in FOLDERS
        for pattern in ("*.py", "py.typed")
        for file in (CHECKOUT / folder).rglob(pattern)
    }


@pytest.fixture(scope="module")
def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return email.message_from_bytes(archive.read(f"{METADATA}/METADATA"))


@pytest.fixture(scope="module")
def entry_points(wheel: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(delimiters="=")
    with zipfile.ZipFile(wheel) as archive:
        parser.read_string(archive.read(f"{METADATA}/entry_points.txt").decode())
    return parser


def test_files_are_those_of_the_tree(contents: set[str]) -> None:
    files = {name for name in contents if not name.startswith(f"{METADATA}/")}
    assert files == _tree()


def test_top_level_is_ours_alone(contents: set[str]) -> None:
    top = {name.partition("/")[0] for name in contents}
    assert top == {*FOLDERS.values(), METADATA}


def test_modules_are_the_same_bytes(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for short, long in FOLDERS.items():
            init = CHECKOUT / short / "__init__.py"
            assert archive.read(f"{long}/__init__.py") == init.read_bytes()


def test_packages_are_listed_one_by_one() -> None:
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    listed = setup["options"]["packages"].split()
    found = {
        _installed_name(package).replace("/", ".")
        for folder in FOLDERS
        for package in _packages(CHECKOUT / folder)
    }
    assert sorted(listed) == sorted(found)


def test_every_folder_with_modules_is_a_package() -> None:
    for folder in FOLDERS:
        for module in (CHECKOUT / folder).rglob("*.py"):
            assert (module.parent / "__init__.py").exists(), module


def test_entry_points(entry_points: configparser.ConfigParser) -> None:
    assert set(entry_points["console_scripts"]) == {"backplane", "banyan", "monitor"}
    programs = {
        path.stem
        for path in (CHECKOUT / "components").glob("*.py")
        if not path.name.startswith("_")
    }
    assert set(entry_points["banyan_components"]) == {"backplane", *programs}


def test_entry_points_lead_to_something(
    entry_points: configparser.ConfigParser, wheel: Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for group in entry_points.values():
            for name, target in group.items():
                module, _, attribute = target.partition(":")
                source = archive.read(f"{module.replace('.', '/')}.py").decode()
                assert f"def {attribute}(" in source, f"{name} = {target}"


def test_metadata(metadata: Message) -> None:
    assert metadata["Name"] == "banyan-backplane"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_licence_is_inside(contents: set[str]) -> None:
    assert f"{METADATA}/licenses/LICENSE" in contents


def test_core_dependencies(metadata: Message) -> None:
    needed = [line for line in metadata.get_all("Requires-Dist") or [] if "extra ==" not in line]
    names = {line.partition(">")[0] for line in needed}
    assert names == {"click", "msgpack", "msgspec", "psutil", "pyzmq", "rich", "u-msgpack-python"}


def test_it_is_typed(contents: set[str]) -> None:
    assert "banyan/py.typed" in contents
