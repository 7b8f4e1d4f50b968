"""What the pages show: fenced blocks, the commands in them and in the table of commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tools import CHECKOUT

PAGES: Final = ("README.md", "CONTRIBUTING.md", "docs/*.md")

_FENCE: Final = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_STARTED: Final = re.compile(r"^ *ExecStart=(.*)$", re.MULTILINE)
_PROGRAMS: Final = ("backplane", "banyan", "make", "monitor", "pip", "python", "sed", "sudo")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    text: str

    @property
    def command(self) -> str:
        """Return the command of a `console` block, which stands behind `$ ` in its first line."""
        return self.text.partition("\n")[0].removeprefix("$ ")

    @property
    def output(self) -> list[str]:
        """Return the lines a `console` block shows below its command, without the `...`."""
        return [line for line in self.text.splitlines()[1:] if line.strip() not in ("", "...")]

    def __str__(self) -> str:
        return f"{self.page}: {self.text.splitlines()[0]}"


def pages() -> dict[str, str]:
    """Return the text of every page by its name."""
    found = (path for pattern in PAGES for path in sorted(CHECKOUT.glob(pattern)))
    return {str(path.relative_to(CHECKOUT)): path.read_text(encoding="utf-8") for path in found}


def blocks(language: str) -> list[Block]:
    """Return all fenced blocks in a language."""
    return [
        Block(page, match["language"], match["text"])
        for page, text in pages().items()
        for match in _FENCE.finditer(text)
        if match["language"] == language
    ]


def commands() -> list[str]:
    """Return every command line the pages show, once each."""
    return list(dict.fromkeys([*_of_blocks(), *_of_the_table(), *_of_units()]))


def table(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table whose first line begins with `| heading`, line by line."""
    lines = iter(pages()[page].splitlines())
    for line in lines:
        if line.startswith(f"| {heading}"):
            next(lines)  # the rule below the heading
            break
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def _of_blocks() -> Iterator[str]:
    for block in blocks("sh"):
        for line in block.text.splitlines():
            if command := line.partition("  #")[0].strip():
                yield command
    for block in blocks("console"):
        yield block.command


def _of_the_table() -> Iterator[str]:
    for _, cell in table("README.md", "I want to"):
        for code in re.findall(r"`([^`]+)`", cell):
            if code.split()[0] in _PROGRAMS:
                yield code


def _of_units() -> Iterator[str]:
    yield from _STARTED.findall(pages()["docs/running_as_a_service.md"])
    yield from _STARTED.findall((CHECKOUT / "docs/backplane.service").read_text(encoding="utf-8"))
