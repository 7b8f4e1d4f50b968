"""Results as Markdown tables: `python -m benchmarks.report RESULTS.json`. Pure but for `main`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click

from benchmarks.results import Curve, Results, Row, from_json

_ABSENT: Final = ""
_GROWTH_FIGURES: Final = {"cpu_us": "CPU", "wall_us": "time"}


def markdown(results: Results) -> str:
    """Return the whole page."""
    parts = [
        f"# Measured on {results.made[:10]}",
        introduction(results),
        tables(results),
        growth_tables(results),
        left_out(results),
        f"## The machine\n\n{machine_table(results)}",
        f"## Repeat it\n\n{_repeat(results)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def tables(results: Results) -> str:
    """Return a table for each kind of figure: a row a workload, a column a system."""
    return "\n\n".join(_figure_table(results, rows) for rows in _by_figure(results.rows))


def growth_tables(results: Results) -> str:
    """Return a table for each curve: the cost of one delivered message at each point."""
    return "\n\n".join(table for curve in results.curves if (table := _growth(results, curve)))


def left_out(results: Results) -> str:
    """Return a list of what is missing in the tables, and why; "" if nothing is."""
    lines = [
        f"- {name}{f', {workload}' if workload else ''}: {reason}"
        for name, workload, reason in results.omitted()
    ]
    return "\n".join(["## Left out", "", *lines]) if lines else ""


def machine_table(results: Results) -> str:
    """Return the machine and the versions as a table."""
    rows = [[key, value] for key, value in results.machine.items()]
    return _table(["", ""], rows, "ll")


def number(value: float) -> str:
    """Return a figure with the two or three digits that count: 1.43M, 640k, 2.9, 0.051."""
    rounded = float(f"{value:.3g}")
    if abs(rounded) >= 1e6:
        return f"{rounded / 1e6:.3g}M"
    if abs(rounded) >= 1e4:
        return f"{rounded / 1e3:.3g}k"
    if abs(rounded) >= 1e3:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(rounded) >= 1 else f"{value:.2g}"


# --- inside -------------------------------------------------------------------------------------


def introduction(results: Results) -> str:
    """Return what the tables show and how it was measured."""
    reference = results.systems.get(results.reference, results.reference)
    rounds = f"{results.rounds} rounds" if results.rounds > 1 else "one round"
    quick = " A quick run: few messages, so read it with caution." if results.quick else ""
    return (
        f"Medians over {rounds}, all systems in turn; in brackets the median of the ratios to "
        f"`{reference}` in the same round. Publishers, brokers and subscribers are processes of "
        f"their own. What was lost is said; where nothing is said, nothing was.{quick}"
    )


def _by_figure(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows of each figure, in the order in which figures first appear."""
    rows = list(rows)
    for figure in dict.fromkeys(row.figure for row in rows):
        yield [row for row in rows if row.figure == figure]


def _figure_table(results: Results, rows: list[Row]) -> str:
    shown = [row for row in rows if any(_values(results, row))]
    if not shown:
        return ""
    systems = [
        key
        for key in results.measured_systems()
        if any(results.median(row.workload, key, row.figure) is not None for row in shown)
    ]
    lines = [[row.title, *(_cell(results, row, system) for system in systems)] for row in shown]
    names = [results.systems[key] for key in systems]
    heading = f"## {rows[0].heading}"
    return f"{heading}\n\n{_table(['', *names], lines, 'l' + 'r' * len(names))}"


def _values(results: Results, row: Row) -> list[bool]:
    return [
        results.median(row.workload, system, row.figure) is not None for system in results.systems
    ]


def _cell(results: Results, row: Row, system: str) -> str:
    value = results.median(row.workload, system, row.figure)
    if value is None:
        return _ABSENT
    ratio = results.ratio(row.workload, system, row.figure) if row.ratio else None
    words = number(value)
    if ratio is not None and system != results.reference:
        words += f" ({ratio:.2f})"
    return words + lost(results, row, system)


def lost(results: Results, row: Row, system: str) -> str:
    """Return what is said of lost messages: nothing where none were."""
    part = results.median(row.workload, system, "lost") if row.loses else None
    if not part:
        return ""
    return f", {100 * part:.0f} % lost" if part >= 0.01 else ", <1 % lost"


def _growth(results: Results, curve: Curve) -> str:
    first = next(iter(curve.points))
    systems = [key for key in results.systems if results.median(first, key, "cpu_us") is not None]
    if not systems:
        return ""
    head = [curve.unit]
    for title in _GROWTH_FIGURES.values():
        head += [f"{results.systems[key]}: {title}" for key in systems]
    lines = [
        [f"{value:,.0f}", *_growth_cells(results, curve, point, systems)]
        for point, value in curve.points.items()
    ]
    heading = f"## Cost of one delivered message by {curve.title}: CPU of all processes, time; us"
    return f"{heading}\n\n{_table(head, lines, 'r' * len(head))}"


def _growth_cells(results: Results, curve: Curve, point: str, systems: list[str]) -> Iterator[str]:
    for figure in _GROWTH_FIGURES:
        for system in systems:
            value = results.median(point, system, figure)
            ratio = results.ratio(point, system, figure, curve.reference)
            shown = ratio is not None and system != curve.reference
            yield _ABSENT if value is None else number(value) + (f" ({ratio:.2f})" if shown else "")


def _repeat(results: Results) -> str:
    quick = " QUICK=1" if results.quick else ""
    return (
        f"In a checkout: `make bench{quick}`. It took {results.seconds / 60:.0f} minutes here. "
        "`python -m benchmarks --help` says how to measure a part. Absolute figures move with the "
        "machine and with what else it does; read the ratios."
    )


def _table(head: list[str], rows: list[list[str]], align: str) -> str:
    rule = ["---:" if letter == "r" else "---" for letter in align]
    return "\n".join(f"| {' | '.join(_escaped(row))} |" for row in (head, rule, *rows))


def _escaped(cells: Iterable[str]) -> list[str]:
    return [cell.replace("|", "\\|") for cell in cells]


# --- the command --------------------------------------------------------------------------------


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--markdown", "page", type=click.Path(path_type=Path), help="Write the page there.")
@click.option("--plots", type=click.Path(path_type=Path), help="Write the plots into this folder.")
def main(file: Path, page: Path | None, plots: Path | None) -> None:
    """Render results of `python -m benchmarks` again: as Markdown to stdout, or as told."""
    results = from_json(file.read_text(encoding="utf-8"))
    if page is not None:
        page.write_text(markdown(results), encoding="utf-8")
    if plots is not None:
        from benchmarks.plots import draw

        draw(results, plots)
    if page is None and plots is None:
        click.echo(markdown(results), nl=False)


if __name__ == "__main__":
    sys.exit(main())
