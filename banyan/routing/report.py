"""Collects the faults of one specification while it is read on. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from banyan.errors import Fault
from banyan.routing.endpoint import shown
from banyan.routing.table import Cell, Line

__all__ = ["Report"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Report:
    """The faults found so far in `source`."""

    source: str
    faults: list[Fault] = field(default_factory=list)

    def add(self, line: int, column: int, message: str) -> None:
        """Note an error at a place counted from 1."""
        self.faults.append(Fault(self.source, line, column, message))

    def read(self, line: Line, cell: Cell, reader: Callable[[str], T]) -> T | None:
        """Return what `reader` makes of a cell; None after noting the ValueError it raised."""
        try:
            if not cell.problem:
                return reader(cell.text)
            self.add(line.number, cell.column, f"{cell.problem}; found {shown(cell.text)}")
        except ValueError as error:
            self.add(line.number, cell.column, str(error))
        return None
