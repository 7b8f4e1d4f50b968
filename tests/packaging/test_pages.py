"""What the pages say of names, numbers, files and folders is so."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest
from shown_pages import pages, table
from tools import CHECKOUT

from banyan import errors, limits
from banyan.banyan_base import BanyanBase
from banyan.banyan_base_multi import BanyanBaseMulti
from banyan.counters import Counters
from banyan.version import __version__

API: Final = "docs/api.md"
PROMISES: Final = "docs/promises.md"
CODE: Final = re.compile(r"`([^`]+)`")


@pytest.mark.parametrize("page", [*pages(), "CHANGELOG.md", "routing_specs/README.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", text):
        place = "".join(link)
        if not place.startswith("https://"):
            assert ((CHECKOUT / page).parent / place).exists(), place


def test_the_readme_is_short() -> None:
    assert len(pages()["README.md"].splitlines()) <= 200


def test_the_picture_is_of_a_run_of_the_demo() -> None:
    picture = CHECKOUT / "docs" / "demo.svg"
    assert picture.stat().st_size < 100_000
    drawn = "".join(ElementTree.parse(picture).getroot().itertext()).replace("\xa0", " ")
    for words in ("banyan demo", "system/cpu", "message_number", "have ended"):
        assert words in drawn


def test_folders_and_rooms_exist() -> None:
    rows = [*table("README.md", "folder"), *table("CONTRIBUTING.md", "room")]
    for first, *_ in [*rows, *table("CONTRIBUTING.md", "folder")]:
        names = CODE.findall(first)
        home = Path(names[0]).parent
        for name in names:
            assert (CHECKOUT / name).exists() or (CHECKOUT / home / name).exists(), name


@pytest.mark.parametrize(("page", "heading"), [("README.md", "figure"), (PROMISES, "| promise")])
def test_what_is_promised_names_tests_that_exist(page: str, heading: str) -> None:
    rows = table(page, heading)
    assert rows
    for *_, held_by in rows:
        for name in CODE.findall(held_by):
            assert list(CHECKOUT.glob(name)) or list((CHECKOUT / "tests").rglob(name)), name


def test_limits_are_those_of_the_code() -> None:
    rows = table(PROMISES, "limit")
    assert rows
    for name, value, _ in rows:
        assert float(value.replace(",", "")) == getattr(limits, name.strip("`")), name
    for queue, number in zip(
        table(PROMISES, "queue"),
        (limits.PUBLISHER_QUEUE, limits.SUBSCRIBER_QUEUE),
        strict=False,  # the third has no bound
    ):
        assert f"{number:,} " in queue[1]


def test_every_error_is_explained() -> None:
    rows = table(API, "error")
    leaves = set(errors.__all__) - {"BanyanError", "Fault"}
    assert {name.strip("`") for name, *_ in rows} == leaves
    for name, builtin, _ in rows:
        parents = getattr(errors, name.strip("`")).__mro__
        assert builtin in [parent.__name__ for parent in parents], name


def test_every_argument_method_and_counter_is_explained() -> None:
    text = pages()[API]
    single, _, multi = text.partition("## Several backplanes")
    for part, klass in ((single, BanyanBase), (multi, BanyanBaseMulti)):
        for name in list(inspect.signature(klass).parameters):
            assert f"`{name}`" in part, f"{klass.__name__}({name})"
        for name in _methods(klass):
            assert f"`{name}(" in text, f"{klass.__name__}.{name}"
    for name in Counters().as_dict():
        assert f"`{name}`" in text


def test_no_argument_or_method_is_invented() -> None:
    known = {name for klass in (BanyanBase, BanyanBaseMulti) for name in dir(klass)}
    for klass in (BanyanBase, BanyanBaseMulti):
        known |= set(inspect.signature(klass).parameters)
    for heading in ("argument", "method"):
        for first, *_ in table(API, heading):
            for name in CODE.findall(first):
                assert name.partition("(")[0] in known, name


def test_defaults_are_those_of_the_code() -> None:
    parameters = inspect.signature(BanyanBase).parameters
    for first, default, _ in table(API, "argument"):
        for name, value in zip(CODE.findall(first), default.split(", "), strict=True):
            real = parameters[name].default
            mib = f"{real >> 20} MiB" if type(real) is int else ""
            assert value in (mib, repr(real)), name


def test_the_newest_change_is_of_this_version() -> None:
    text = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", text, re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__


def _methods(klass: type) -> list[str]:
    return [
        name
        for name, value in inspect.getmembers(klass, inspect.isfunction)
        if not name.startswith("_")
    ]
