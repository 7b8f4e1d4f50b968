"""The first line of a specification: which column stands where. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from banyan.limits import MAX_SPEC_COLUMNS
from banyan.routing.endpoint import shown
from banyan.routing.report import Report
from banyan.routing.table import Line

__all__ = [
    "ADDRESS",
    "COLUMNS",
    "NAME",
    "PUBLISHER",
    "SUBSCRIBER",
    "TOPICS",
    "Header",
    "read_header",
]

NAME: Final = "backplane_name"
ADDRESS: Final = "ip_address"
SUBSCRIBER: Final = "subscriber_port"
TOPICS: Final = "subscriber_topic"
PUBLISHER: Final = "publisher_port"

COLUMNS: Final = (NAME, ADDRESS, SUBSCRIBER, TOPICS, PUBLISHER)
"""The columns every specification has, in python_banyan's order; any order is read."""

_HEADER: Final = ",".join(COLUMNS)

_LIKELY: Final = 0.75
"""difflib's ratio from which a name is taken for a misspelt column: three letters in fourteen."""

_LONGEST: Final = 40
"""Characters of a name that are compared: difflib takes quadratic time."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns of a specification stand, and the lines they are for."""

    index: Mapping[str, int]
    width: int
    body: tuple[Line, ...]


def read_header(lines: tuple[Line, ...], report: Report) -> Header:
    """Return where the columns stand, misspelt ones where they are meant; report all faults."""
    if not lines:
        report.add(1, 1, f"nothing stands in the file: expected the header {_HEADER}")
        return Header({}, 0, ())
    first, body = lines[0], lines[1:]
    index = _index(first, report)
    likely = _likely_columns(index)
    if not likely and not set(index) & set(COLUMNS):
        return _without_header(lines, report)
    _mend(first, index, likely, report)
    if not body:
        message = "only a header: expected a line for each backplane after it"
        report.add(first.number + 1, 1, message)
    return Header(index, len(first.cells), body)


def _mend(line: Line, index: dict[str, int], likely: Mapping[str, str], report: Report) -> None:
    """Report misspelt and missing columns; the former are read as what they are meant for."""
    for name, column in likely.items():
        cell = line.cells[index[name]]
        report.add(line.number, cell.column, f"unknown column {shown(name)}: expected {column!r}")
        index[column] = index.pop(name)
    for column in COLUMNS:
        if column not in index:
            found = shown(line.text.strip())
            report.add(line.number, 1, f"the column {column!r} is missing: found {found}")


def _index(header: Line, report: Report) -> dict[str, int]:
    """Return the position of each column, reporting names that are empty or stand twice."""
    index: dict[str, int] = {}
    if len(header.cells) > MAX_SPEC_COLUMNS:
        surplus = header.cells[MAX_SPEC_COLUMNS].column
        report.add(header.number, surplus, f"expected at most {MAX_SPEC_COLUMNS} columns")
    for position, cell in enumerate(header.cells[:MAX_SPEC_COLUMNS]):
        name = report.read(header, cell, _column_name)
        if name in index:
            first = header.cells[index[name]].column
            message = f"the column {shown(name)} stands here again: it is at column {first} already"
            report.add(header.number, cell.column, message)
        elif name:
            index[name] = position
    return index


def _column_name(text: str) -> str:
    name = text.strip()
    if not name:
        raise ValueError("a column without a name: expected a name between the commas")
    return name


def _likely_columns(index: Mapping[str, int]) -> dict[str, str]:
    """Return the columns that unknown names are probably meant for."""
    missing = [column for column in COLUMNS if column not in index]
    likely: dict[str, str] = {}
    for name in index:
        if name in COLUMNS:
            continue
        key = name.casefold().replace(" ", "_").replace("-", "_")[:_LONGEST]
        for column in difflib.get_close_matches(key, missing, 1, _LIKELY):
            likely[name] = column
            missing.remove(column)
    return likely


def _without_header(lines: tuple[Line, ...], report: Report) -> Header:
    """Report that no header stands there; rows that look like rows are read all the same."""
    first = lines[0]
    del report.faults[:]
    found = shown(first.text.strip())
    report.add(first.number, 1, f"the header is missing: expected {_HEADER}, found {found}")
    looks_like_rows = any("[" in cell.text for cell in first.cells)
    index = {column: position for position, column in enumerate(COLUMNS)}
    return Header(index, max(len(COLUMNS), len(first.cells)), lines if looks_like_rows else ())
