"""Routing specifications: the CSV that wires a component to its backplanes. Pure but for `load`.

This module knows the rows; `header` knows the columns' names, `table` commas and quotes,
`topics_field` the brackets, `endpoint` addresses and ports, `spec_file` files, `check` what is
legal but hardly meant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from banyan.errors import Fault, RoutingSpecError
from banyan.limits import MAX_SPEC_FAULTS
from banyan.routing.endpoint import parse_address, parse_port, shown
from banyan.routing.header import (
    ADDRESS,
    COLUMNS,
    NAME,
    PUBLISHER,
    SUBSCRIBER,
    TOPICS,
    Header,
    read_header,
)
from banyan.routing.report import Report
from banyan.routing.spec_file import read_text
from banyan.routing.table import Cell, Line, rejoin, split
from banyan.routing.topics_field import EVERYTHING, parse_topics

__all__ = ["COLUMNS", "EVERYTHING", "Fault", "Route", "Row", "examine", "load", "parse"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Route:
    """One backplane that a component is wired to.

    `topics` is what the field says, also where there is no subscriber port to subscribe with.
    """

    name: str
    address: str
    subscriber_port: int | None
    topics: tuple[str, ...]
    """() for `[]`; (EVERYTHING,) for `[*]`; otherwise the names."""
    publisher_port: int | None
    extra: Mapping[str, str]
    """The further columns of the file, by their headers."""
    line: int = field(compare=False)
    """Where it stands; a row that only moved is the same route."""


@dataclass(frozen=True, slots=True)
class Row:
    """A legal route and the cells it was read from, for who wants to point at them."""

    route: Route
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the rows above have taken: names, and the use of a port on an address."""

    names: dict[str, int] = field(default_factory=dict)
    ports: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)


def load(path: str | os.PathLike[str] | None) -> tuple[Route, ...]:
    """Read a specification from a file.

    Raises RoutingSpecMissingError when there is none, RoutingSpecError when it cannot be read
    as text or has faults.
    """
    text, source = read_text(path)
    return parse(text, source)


def parse(text: str, source: str = "<text>") -> tuple[Route, ...]:
    """Return the routes in `text`, in its order; raise RoutingSpecError with all its faults."""
    rows, faults = examine(text, source)
    if faults:
        raise RoutingSpecError(faults=faults)
    return tuple(row.route for row in rows)


def examine(text: str, source: str) -> tuple[tuple[Row, ...], tuple[Fault, ...]]:
    """Return the rows without a fault, and the faults of the others in the order of the file."""
    report = Report(source)
    header = read_header(split(text, COLUMNS), report)
    rows: list[Row] = []
    seen = _Seen()
    for line in header.body:
        row = _read_row(line, header, seen, report)
        if row:
            rows.append(row)
        if len(report.faults) > MAX_SPEC_FAULTS:
            break
    return tuple(rows), _sorted(report)


def _sorted(report: Report) -> tuple[Fault, ...]:
    """Return the faults in the order of the file, the surplus summed up in one."""
    faults = sorted(report.faults, key=lambda fault: (fault.line, fault.column))
    if len(faults) > MAX_SPEC_FAULTS:
        message = "too many faults: the rest of the file was not read"
        faults[MAX_SPEC_FAULTS:] = [Fault(report.source, faults[MAX_SPEC_FAULTS].line, 0, message)]
    return tuple(faults)


def _read_row(line: Line, header: Header, seen: _Seen, report: Report) -> Row | None:
    before = len(report.faults)
    cells = _cells(line, header, report)

    def value(column: str, reader: Callable[[str], T]) -> T | None:
        return report.read(line, cells[column], reader) if column in cells else None

    name = value(NAME, _name)
    address = value(ADDRESS, parse_address)
    subscriber = value(SUBSCRIBER, _port)
    topics = value(TOPICS, parse_topics if _text(cells, SUBSCRIBER) else _topics_or_nothing)
    publisher = value(PUBLISHER, _port)
    extra = {column: value(column, str) or "" for column in cells if column not in COLUMNS}
    _check_name(line, cells, seen, report)
    _check_ports(line, cells, {SUBSCRIBER: subscriber, PUBLISHER: publisher}, seen, report)
    if len(report.faults) > before or name is None or address is None or topics is None:
        return None
    return Row(Route(name, address, subscriber, topics, publisher, extra, line.number), cells)


def _cells(line: Line, header: Header, report: Report) -> dict[str, Cell]:
    """Return the cells of a row by column, after mending and reporting what split them."""
    if TOPICS in header.index:
        line = rejoin(line, header.index[TOPICS])
    if len(line.cells) > header.width:
        surplus = next(cell for cell in line.cells[header.width :] if cell.text)
        report.add(
            line.number,
            surplus.column,
            f"{len(line.cells)} cells where the header has {header.width}: found "
            f"{shown(surplus.text)} after the last; a field with commas needs double quotes",
        )
    return {column: line.cell(position) for column, position in header.index.items()}


def _text(cells: Mapping[str, Cell], column: str) -> str:
    return cells[column].text if column in cells else ""


def _name(text: str) -> str:
    name = text.strip()
    if not name:
        raise ValueError("the backplane's name is empty: expected one, such as BP1")
    if not name.isprintable():
        raise ValueError(f"bad name {shown(name)}: an invisible character stands in it")
    return name


def _port(text: str) -> int | None:
    return parse_port(text) if text.strip() else None


def _topics_or_nothing(text: str) -> tuple[str, ...]:
    return parse_topics(text) if text else ()


def _check_name(line: Line, cells: Mapping[str, Cell], seen: _Seen, report: Report) -> None:
    name = _text(cells, NAME).strip()
    first = seen.names.setdefault(name, line.number)
    if name and first != line.number:
        message = f"the name {shown(name)} is taken by line {first}: each backplane needs its own"
        report.add(line.number, cells[NAME].column, message)


def _check_ports(
    line: Line,
    cells: Mapping[str, Cell],
    ports: Mapping[str, int | None],
    seen: _Seen,
    report: Report,
) -> None:
    """Report a row without ports, and a port used both ways on one address, in any two rows."""
    if not any(cells[use].text if use in cells else "unknown" for use in ports):
        message = "no port at all: expected a subscriber port, a publisher port or both"
        report.add(line.number, cells[SUBSCRIBER].column, message)
    address = _text(cells, ADDRESS).strip("[]").casefold()
    for column, port in ports.items():
        if port is None:
            continue
        use, first = seen.ports.setdefault((address, port), (column, line.number))
        if use != column:
            where = "this line" if first == line.number else f"line {first}"
            message = (
                f"bad port '{port}': it is the {use} of {where} on {shown(address)}; "
                f"expected another one, since a port serves publishers or subscribers"
            )
            report.add(line.number, cells[column].column, message)
