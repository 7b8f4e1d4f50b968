"""What the README, the Makefile, setup.cfg, pyproject.toml and the changelog say agrees."""

from __future__ import annotations

import configparser
import re
import tomllib

import pytest
from tools import CHECKOUT

from banyan.version import __version__

FILES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", ".ci/run")


def read(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


def targets() -> set[str]:
    """Return the Makefile's targets that are commands, not files."""
    (phony,) = re.findall(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE)
    return set(phony.split())


def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(read("setup.cfg"))
    return parser


@pytest.mark.parametrize("name", FILES)
def test_it_is_there(name: str) -> None:
    assert read(name).strip()


def test_every_target_has_a_rule_and_a_line_of_help() -> None:
    described = set(re.findall(r"^([a-z]+):.*## ", read("Makefile"), re.MULTILINE))
    assert described == targets()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_make_targets_that_are_named_exist(name: str) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", read(name), re.MULTILINE))
    assert named
    assert named <= targets()


def test_readme_names_the_two_commands() -> None:
    assert "make demo" in read("README.md")
    assert "make test" in read("README.md")


def test_links_of_the_readme_lead_somewhere() -> None:
    text = read("README.md")
    links = re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r'src="([^"]+)"', text)
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (CHECKOUT / link).exists()] == []


def test_newest_entry_of_the_changelog_is_this_version() -> None:
    newest = re.search(r"^## \[?v?([0-9][^\s\]]*)", read("CHANGELOG.md"), re.MULTILINE)
    assert newest, "CHANGELOG.md has no heading such as '## 1.2.3'"
    assert newest[1] == __version__


def test_python_versions_agree() -> None:
    options, house = setup(), tomllib.loads(read("pyproject.toml"))
    required = options["options"]["python_requires"].removeprefix(">=")
    assert options["mypy"]["python_version"] == required
    assert house["tool"]["ruff"]["target-version"] == f"py{required.replace('.', '')}"
    lowest = re.search(r"Python :: (3\.[0-9]+)", options["metadata"]["classifiers"])
    assert lowest
    assert lowest[1] == required
    assert f"(3, {required.partition('.')[2]})" in read("Makefile")


def test_the_build_needs_what_the_tests_build_with() -> None:
    requires = tomllib.loads(read("pyproject.toml"))["build-system"]["requires"]
    extra = setup()["options.extras_require"]["test"].split()
    assert set(requires) <= set(extra)


def test_pyproject_holds_only_what_cannot_stand_in_setup_cfg() -> None:
    house = tomllib.loads(read("pyproject.toml"))
    assert set(house) == {"build-system", "tool"}
    assert set(house["tool"]) == {"ruff"}


def test_mypy_reads_everything_that_is_shipped_or_shown() -> None:
    files = {name.strip() for name in setup()["mypy"]["files"].split(",")}
    assert {"banyan", "backplane", "components", "examples"} <= files
