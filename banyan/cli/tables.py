"""Tables: drawn on a terminal, plain aligned text in a pipe; no cell can drive a terminal."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

import click


def show(
    header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str] = ()
) -> None:
    """Print a table. Columns whose heading is among `numbers` are aligned at their right."""
    from banyan.cli.presentation import printable

    right = [name in numbers for name in header]
    table = [[printable(cell) for cell in row] for row in [header, *rows]]
    if sys.stdout.isatty():
        _draw(table, right)
        return
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, right, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def _draw(cells: list[list[str]], right: list[bool]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    header, *rows = cells
    table = Table()
    for name, is_right in zip(header, right, strict=True):
        table.add_column(Text(name), justify="right" if is_right else "left")
    for row in rows:
        # Text, since rich would take [reply] for markup.
        table.add_row(*[Text(cell) for cell in row])
    Console().print(table)
