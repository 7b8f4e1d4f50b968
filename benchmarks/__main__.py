"""The command: `python -m benchmarks`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import Progress

from banyan.cli import program
from benchmarks.growth import GROWTH
from benchmarks.installed import library_missing
from benchmarks.plots import draw
from benchmarks.report import markdown, tables
from benchmarks.results import Results, to_json
from benchmarks.session import ROUNDS, measured, select
from benchmarks.systems import System, all_systems, chosen
from benchmarks.workloads import WORKLOADS

DEFAULT_OUT: Final = Path(__file__).resolve().parents[1] / "build" / "bench"

EXAMPLES = """
\b
Examples:
  python -m benchmarks --list        what can be measured, and what is not installed
  python -m benchmarks --quick       everything once, with few messages
  python -m benchmarks -w small -w trips -s raw -s banyan -r 5
  python -m benchmarks.report build/bench/results.json    the tables again

Tables have a row for each workload and a column for each system. All are compared with `raw`,
which is pyzmq and msgpack used as their documentation shows: read the ratios, the rest moves with
the machine. A system that is not installed or fails is left out by name, with the reason. Ctrl-C
ends it and keeps what was measured. Exit status: 0 done, 1 ended early or nothing was measured,
2 wrong arguments.
"""

_NAMES: Final = [one.name for one in (*WORKLOADS, *GROWTH)]


@click.command(context_settings=program.HELP, epilog=EXAMPLES)
@click.option("--quick", is_flag=True, help="One round with few messages.")
@click.option(
    "-w", "--workload", "workloads", multiple=True, type=click.Choice(_NAMES), metavar="NAME",
    help="Measure this only; may be given again.",
)  # fmt: skip
@click.option(
    "-s", "--system", "names", multiple=True, metavar="NAME",
    help="Measure this system only; may be given again. Ratios need `raw`.",
)  # fmt: skip
@click.option(
    "-r", "--rounds", type=click.IntRange(1, 100), metavar="N",
    help=f"How often everything is measured.  [default: {ROUNDS}, growth once; quick: 1]",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=DEFAULT_OUT,
    metavar="FOLDER", help="Where results.json, results.md and plots go.  [default: build/bench]",
)  # fmt: skip
@click.option("--list", "listing", is_flag=True, help="List workloads and systems, and end.")
def command(
    quick: bool,
    workloads: tuple[str, ...],
    names: tuple[str, ...],
    rounds: int | None,
    out: Path,
    listing: bool,
) -> int:
    """Measure Banyan and its peers side by side; write tables (JSON, Markdown) and plots (SVG)."""
    systems = _chosen(names)
    if listing:
        _list(systems)
        return 0
    selection = select(workloads, quick=quick, rounds=rounds)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("")

        def step(done: int, total: int, line: str) -> None:
            progress.update(task, completed=done, total=total)
            progress.console.print(f"{done}/{total} {line}", markup=False)

        results, complete = measured(selection, systems, step)
    if not results.measurements:
        raise click.ClickException("nothing was measured")
    _write(results, out)
    return 0 if complete else 1


def _chosen(names: tuple[str, ...]) -> list[System]:
    systems = all_systems()
    try:
        return chosen(systems, names) if names else systems
    except KeyError as unknown:
        known = ", ".join(repr(system.name) for system in systems)
        raise click.UsageError(f"no system is called {unknown}; there are {known}") from None


def _list(systems: list[System]) -> None:
    click.echo("Workloads:")
    for workload in WORKLOADS:
        click.echo(f"  {workload.name:20} {workload.heading()}")
    for growth in GROWTH:
        click.echo(f"  {growth.name:20} cost of one delivered message, by {growth.title}")
    click.echo("Systems:")
    for system in systems:
        click.echo(f"  {system.name:20} {system.adapter.missing() or 'installed'}")


def _write(results: Results, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    texts = {"results.json": to_json(results), "results.md": markdown(results)}
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
    reason = library_missing("matplotlib", "matplotlib")
    drawn = [] if reason else draw(results, out)
    click.echo(tables(results))
    names = ", ".join([*texts, *(path.name for path in drawn)])
    click.echo(f"\nIn {out}: {names}", err=True)
    if reason:
        click.echo(f"No plots: {reason}", err=True)


def main() -> int:
    """Run the command; return its exit status."""
    return program.run(command, "benchmarks")


if __name__ == "__main__":
    sys.exit(main())
