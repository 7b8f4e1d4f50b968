"""`python -m faults`: every case against every system, in turn."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from banyan.cli import program
from benchmarks.machine import describe
from faults import cases  # noqa: F401 - fills CASES
from faults.case import CASES, Case, Outcome
from faults.report import summary, verdict
from faults.results import Results, to_json
from faults.run import run_case
from faults.system import System
from faults.systems import SYSTEMS

DEFAULT_OUT: Final = Path(__file__).resolve().parents[2] / "build" / "faults"
OURS: Final = SYSTEMS[-1].key

EXAMPLES: Final = """
\b
Examples:
  python -m faults                        everything: about twelve minutes
  python -m faults -s banyan --fast       what `make test` runs of it
  python -m faults -k 'empty frames'      cases whose name holds this
  python -m faults --list

Each line ends with what was measured. A system that cannot be run here, and a case that needs
root, are left out aloud. Ctrl-C ends it and keeps what was measured. Exit status: 0 Banyan survives
every case, 1 it does not or was not asked to the end, 2 wrong arguments.
"""


@click.command(context_settings=program.HELP, epilog=EXAMPLES)
@click.option("-k", "words", default="", metavar="WORDS", help="Run cases whose name holds this.")
@click.option(
    "-s", "--system", "keys", multiple=True, type=click.Choice([one.key for one in SYSTEMS]),
    help="Run this system only; may be given again.",
)  # fmt: skip
@click.option("--fast", is_flag=True, help="Run the fast cases only.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=DEFAULT_OUT,
    metavar="FOLDER", help="Where results.json goes.  [default: build/faults]",
)  # fmt: skip
@click.option("--list", "listing", is_flag=True, help="List the cases, and end.")
def command(words: str, keys: tuple[str, ...], fast: bool, out: Path, listing: bool) -> int:
    """Put a plain ZeroMQ proxy, python-banyan 3.17 and Banyan through every fault."""
    chosen = [one for one in CASES if words in one.name and (one.fast or not fast)]
    if not chosen:
        raise click.UsageError(f"no case is called {words!r}")
    if listing:
        for one in chosen:
            click.echo(f"{'fast  ' if one.fast else '      '}{one.group}: {one.name}")
        return 0
    systems = list(_present(keys))
    outcomes: list[Outcome] = []
    try:
        for outcome in _run(chosen, systems):
            outcomes.append(outcome)
    except KeyboardInterrupt:
        click.echo("Ended early: the rest was not run.", err=True)
    _write(chosen, systems, outcomes, out)
    survived = [one.survived for one in outcomes if one.system == OURS]
    complete = len(outcomes) == len(chosen) * len(systems)
    return 0 if complete and all(survived) else 1


def _write(chosen: list[Case], systems: list[System], outcomes: list[Outcome], out: Path) -> None:
    """Keep what was measured, and say how many cases each system survived."""
    results = Results(
        datetime.now(UTC).isoformat(timespec="seconds"),
        describe(),
        {system.key: system.title for system in systems},
        {one.name: one.group for one in chosen},
        outcomes,
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(to_json(results), encoding="utf-8")
    click.echo(summary(results))


def _present(keys: tuple[str, ...]) -> Iterator[System]:
    """Yield the systems that can be run; name the others."""
    for system in SYSTEMS:
        if keys and system.key not in keys:
            continue
        if reason := system.missing():
            click.echo(f"{system.title} is left out: {reason}", err=True)
        else:
            yield system


def _run(chosen: list[Case], systems: list[System]) -> Iterator[Outcome]:
    """Run each case on every system before the next, and say how it went."""
    started, total = time.monotonic(), len(chosen) * len(systems)
    pairs = [(one, system) for one in chosen for system in systems]
    for number, (one, system) in enumerate(pairs, 1):
        outcome = run_case(one, system)
        elapsed = time.monotonic() - started
        click.echo(
            f"{number}/{total} {elapsed:4.0f} s  {one.name}\n"
            f"      {system.title}: {verdict(outcome)} [{outcome.seconds:g} s]"
        )
        yield outcome


def main() -> int:
    """Run the command; return its exit status."""
    return program.run(command, "faults")


if __name__ == "__main__":
    sys.exit(main())
