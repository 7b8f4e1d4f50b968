"""A CSV text as lines of cells that know their columns. Pure.

Python's csv module forgets where a cell stood and joins a forgotten quote with the lines after
it, so the little grammar is here. What the cells mean is in `spec`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from banyan.limits import MAX_SPEC_COLUMNS

__all__ = ["Cell", "Line", "rejoin", "split"]

SEPARATORS: Final = (",", ";", "\t")
"""Commas; semicolons, as spreadsheets write where the comma is the decimal sign; tabs."""

QUOTES: Final = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
"""What people and their word processors write for a double quote."""

_BYTE_ORDER_MARK: Final = "\ufeff"
_UNCLOSED: Final = (
    "the quote opened here is not closed in this line (a field cannot go on in the next line)"
)
_EXAMPLE_LENGTH: Final = 100
"""Characters of a field that a fault shows as it should be written."""

_TRAILING: Final = "text follows the closing quote: quote the whole field or nothing of it"


@dataclass(frozen=True, slots=True)
class Cell:
    """A field without its quotes and the spaces around it, and where it begins (from 1)."""

    text: str
    column: int
    problem: str = ""
    """What is wrong with its quotes; "" when nothing is."""


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of one line, without empty ones at its end."""

    number: int
    cells: tuple[Cell, ...]
    separator: str
    text: str

    def cell(self, index: int) -> Cell:
        """Return a cell; one that the line is too short for is empty, at the line's end."""
        if index < len(self.cells):
            return self.cells[index]
        return Cell("", len(self.text) + 1)


def split(text: str, header: Collection[str]) -> tuple[Line, ...]:
    """Return the lines that hold something: no blank ones, no comments (`#`), no bare commas.

    The separator is the one that finds most names of `header` in the first such line.
    """
    written = [
        (number, line)
        for number, line in enumerate(
            re.split(r"\r\n|\r|\n", text.removeprefix(_BYTE_ORDER_MARK)), 1
        )
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not written:
        return ()
    separator = _separator(written[0][1], header)
    return tuple(line for line in _lines(written, separator) if line.cells)


def rejoin(line: Line, index: int) -> Line:
    """Undo the splitting of `[a,b]` written without quotes at `index`; the cell says so."""
    last = _closing(line, index)
    if last is None:
        return line
    first = line.cells[index]
    whole = line.separator.join(cell.text for cell in line.cells[index : last + 1])
    problem = first.problem or (
        f"the commas inside the topics split this field into {last - index + 1} cells: "
        f"put it in double quotes{_example(whole.strip(QUOTES))}"
    )
    cells = (*line.cells[:index], Cell(whole, first.column, problem), *line.cells[last + 1 :])
    return Line(line.number, cells, line.separator, line.text)


def _example(field: str) -> str:
    return f': "{field}"' if field.isprintable() and len(field) <= _EXAMPLE_LENGTH else ""


def _closing(line: Line, index: int) -> int | None:
    """Find the cell with the bracket that closes the one opened, and not closed, at `index`."""
    opened = line.cell(index).text.lstrip(QUOTES)
    if not opened.startswith("[") or "]" in opened:
        return None
    for number, cell in enumerate(line.cells[index + 1 :], index + 1):
        if "]" in cell.text:
            return number if cell.text.rstrip(QUOTES).endswith("]") else None
    return None


def _separator(line: str, header: Collection[str]) -> str:
    def known(separator: str) -> int:
        return sum(cell.text in header for cell in _cells(line, separator))

    return max(SEPARATORS, key=known)


def _lines(written: list[tuple[int, str]], separator: str) -> Iterator[Line]:
    """Cut each line, leaving out the rest of a field that was continued in the next line."""
    rest = re.compile(rf'[^"]*[^"{separator}]" *({separator}|$)')
    unclosed = False
    for number, text in written:
        if unclosed and rest.match(text):
            unclosed = False
            continue
        cells = _cells(text, separator)
        unclosed = any(cell.problem == _UNCLOSED for cell in cells)
        while cells and not cells[-1].text:
            cells.pop()
        yield Line(number, tuple(cells), separator, text)


def _cells(line: str, separator: str) -> list[Cell]:
    cells: list[Cell] = []
    position = 0
    while position <= len(line) and len(cells) <= MAX_SPEC_COLUMNS:
        cell, end = _cell(line, position, separator)
        cells.append(cell)
        position = end + 1
    return cells


def _cell(line: str, start: int, separator: str) -> tuple[Cell, int]:
    """Return the cell that begins at `start`, and where the separator after it stands."""
    quoted = _pattern(r'"(?P<text>[^"]*(?:""[^"]*)*)"', separator).match(line, start)
    # Quotes around single topics, "["a","b"]", are kept in one cell, so that they get one fault.
    quoted = quoted or _pattern(r'"(?P<text>\[.*?\])"', separator).match(line, start)
    if quoted:
        text = quoted["text"].replace('""', '"')
        return Cell(text, line.index('"', start) + 1), quoted.end()
    end = line.find(separator, start)
    end = len(line) if end < 0 else end
    raw = line[start:end]
    column = start + len(raw) - len(raw.lstrip()) + 1 if raw.strip() else start + 1
    return Cell(raw.strip(), column, _quote_problem(raw.strip())), end


def _pattern(field: str, separator: str) -> re.Pattern[str]:
    return re.compile(rf" *{field} *(?={separator}|$)")


def _quote_problem(raw: str) -> str:
    if not raw.startswith('"'):
        return ""
    return _UNCLOSED if raw.count('"') == 1 else _TRAILING
